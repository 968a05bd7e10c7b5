import ArgumentParser
import Domain

/// `millrace tail`
struct Tail: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Print events as they happen, from the reporting feed.",
        discussion: "Starts with what happens from now on; --after starts at a position, 0 is the beginning.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Option(name: .customLong("type"), help: "Only these types, such as workitem.complete or agent; may be repeated.")
    var types: [String] = []
    @Option(help: "Only events of this item: its id, its captureId or SOURCE/CAPTUREID.") var item: String?
    @Option(help: "Start after this position of the feed.") var after: Int64?
    @Flag(help: "End at the newest event instead of waiting for more.") var once = false

    func perform() async throws {
        let client = try connection.connect()
        let filter = EventFilter(types: types, item: item)
        try await Interruption.cancelling {
            var feed = EventFeed(client: client, after: try await start(client))
            while true {
                let events = try await feed.next()
                for event in events where filter.takes(event) {
                    Terminal.line(output.json ? event.text : EventText.line(event))
                }
                if events.isEmpty {
                    if once { return }
                    try await Task.sleep(for: .milliseconds(250))
                }
            }
        }
    }

    private func start(_ client: APIClient) async throws -> Int64 {
        if let after { return after }
        return once ? 0 : try await EventFeed.lastPosition(client)
    }
}

/// Which events are shown.
public struct EventFilter: Sendable {
    private let types: [String]
    private let item: String?

    /// - Parameters:
    ///   - types: with or without `millrace.`; a part up to a dot takes everything below it. Empty takes all.
    ///   - item: an id, a captureId, or SOURCE/CAPTUREID.
    public init(types: [String] = [], item: String? = nil) {
        self.types = types.map { $0.hasPrefix("millrace.") ? String($0.dropFirst(9)) : $0 }
        self.item = item
    }

    /// Whether the event is among them.
    public func takes(_ event: JSONValue) -> Bool {
        let type = (event["type"]?.stringValue ?? "").dropFirst(9)
        guard types.isEmpty || types.contains(where: { type == $0 || type.hasPrefix($0 + ".") }) else { return false }
        guard let item else { return true }
        let captureId = event["data"]?["captureId"]?.stringValue
        let source = event["data"]?["sourceName"]?.stringValue
        return event["subject"]?.stringValue == item || captureId == item
            || captureId.map { "\(source ?? "")/\($0)" == item } ?? false
    }
}
