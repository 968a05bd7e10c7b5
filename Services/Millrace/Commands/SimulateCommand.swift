import ArgumentParser
import Domain

/// `millrace agents simulate`
struct Simulate: OperatorCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Simulate agents at work: real long polls, answers and completions over HTTP.",
        discussion: """
            Runs until --for is over, --until-done is reached or Ctrl-C is pressed; then agents take nothing new, finish \
            what they have and go offline. Needs a key that may act for agents (role supervisor or admin).
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "How many agents of the configuration, in order of their ids; or all.") var agents = "all"
    @Option(
        help: ArgumentHelp(
            "Mean time to work on an item, and the standard deviation of its logarithm.", valueName: "mean[,sigma]"))
    var handleTime = "2s,0.8"
    @Option(help: "Share of offers that are declined, 0 to 1.") var declineRate = 0.0
    @Option(help: "Share of offers that are left unanswered, 0 to 1.") var missRate = 0.0
    @Option(name: .customLong("for"), help: ArgumentHelp("End after so long.", valueName: "seconds")) var length:
        String?
    @Option(help: ArgumentHelp("End when so many items are completed.", valueName: "count")) var untilDone: Int?
    @Flag(help: "Print nothing while it runs.") var quiet = false

    func validate() throws {
        guard agents == "all" || Int(agents).map({ $0 > 0 }) == true else {
            throw ValidationError("--agents takes a number from 1 on, or all.")
        }
        guard HandleTime(handleTime) != nil else {
            throw ValidationError("--handle-time takes mean[,sigma], such as 2s or 90s,0.8.")
        }
        guard (0...1).contains(declineRate), (0...1).contains(missRate), declineRate + missRate <= 1 else {
            throw ValidationError("--decline-rate and --miss-rate are shares from 0 to 1, together at most 1.")
        }
        if let length, HandleTime.seconds(length) == nil { throw ValidationError("--for takes seconds, or 5m, 2h.") }
        if let untilDone, untilDone < 1 { throw ValidationError("--until-done takes a number from 1 on.") }
    }

    func perform() async throws {
        let credentials = try connection.resolve()
        let client = APIClient(address: credentials.api, key: credentials.adminKey)
        let ids = try await chosenAgents(client)
        let stop = StopSignal()
        let recorder = SimulationRecorder(target: untilDone, stop: stop)
        let simulation = SimulateAgents(
            address: credentials.api, key: credentials.adminKey,
            behaviour: RandomBehaviour(
                handleTime: HandleTime(handleTime) ?? HandleTime(mean: 2), declineRate: declineRate, missRate: missRate),
            recorder: recorder, stop: stop)
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.end(stop) }
            group.addTask { await self.report(recorder) }
            await simulation.run(agents: ids)
            group.cancelAll()
        }
        // Rates are those of the work, without the time that the end takes.
        let seconds = start.duration(to: stop.since ?? .now).inSeconds
        let statistics = recorder.statistics
        if output.json {
            Terminal.line(statistics.json(agents: ids.count, seconds: seconds).text)
        } else {
            for line in statistics.lines(agents: ids.count, seconds: seconds) { Terminal.line(line) }
        }
        if let untilDone, statistics.completed < untilDone {
            throw CommandFailure(.refused, "Only \(statistics.completed) of \(untilDone) items were completed.")
        }
    }

    private func chosenAgents(_ client: APIClient) async throws -> [String] {
        var ids: [String] = []
        try await client.forEach("/agents") { agent in
            if let id = agent["id"]?.stringValue { ids.append(id) }
            return true
        }
        guard !ids.isEmpty else {
            throw CommandFailure(.refused, "The configuration has no agents; add some and `millrace apply` it.")
        }
        guard let count = Int(agents) else { return ids }
        guard count <= ids.count else {
            throw CommandFailure(.refused, "The configuration has only \(ids.count) agents; use --agents all.")
        }
        return Array(ids.prefix(count))
    }

    /// Sets the signal when the time is over or somebody interrupts.
    private func end(_ stop: StopSignal) async {
        await withTaskGroup(of: Bool.self) { group in
            if let seconds = length.flatMap(HandleTime.seconds) {
                group.addTask { (try? await Task.sleep(for: .seconds(seconds))) != nil }
            }
            group.addTask {
                for await _ in Interruption.signals() { return true }
                return false
            }
            for await shouldStop in group where shouldStop {
                stop.set()
                group.cancelAll()
            }
        }
    }

    private func report(_ recorder: SimulationRecorder) async {
        guard !quiet, !output.json else { return }
        var last = (offers: 0, completed: 0)
        while (try? await Task.sleep(for: .seconds(2))) != nil {
            let now = recorder.counts
            Terminal.line(
                "offers \(now.offers) (\((now.offers - last.offers) / 2)/s)  completed \(now.completed) (\((now.completed - last.completed) / 2)/s)"
            )
            last = now
        }
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
