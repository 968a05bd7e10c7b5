/// A checked command to one work item, however it came: over HTTP, in bulk, or over Kafka.
public enum WorkItemCommand: Sendable, Hashable {
    case submit(SubmitCommand)
    case update(UpdateCommand)
    case hold(reason: String?)
    case resume
    case cancel(reason: String?)
    /// `result` is any JSON value that says what came of it.
    case complete(result: JSONValue?)
    case restart
    case activate
    case assign(agent: String)
    case transfer(to: TransferTarget, reason: String?)
    /// `workbin` is an agent's id or a group's name, nil the agent's own; until nil there is no end.
    case park(workbin: String?, until: Instant?)

    /// Where `transfer` hands an item.
    public enum TransferTarget: Sendable, Hashable {
        /// To one agent, by id.
        case agent(String)
        /// To everybody who serves that endpoint, by name.
        case endpoint(String)
    }

    /// The action that this commands.
    public var action: WorkItemAction {
        switch self {
        case .submit: .submit
        case .update: .update
        case .hold: .hold
        case .resume: .resume
        case .cancel: .cancel
        case .complete: .complete
        case .restart: .restart
        case .activate: .activate
        case .assign: .assign
        case .transfer: .transfer
        case .park: .park
        }
    }

    /// Reads and checks the body of that action; throws everything that is wrong with it. An absent body
    /// (nil or `null`) counts as an empty object. `pointer` says where the body stands in the message.
    public init(
        action: WorkItemAction, body: JSONValue?, at pointer: JSONPointer = .root
    ) throws(BodyProblems) {
        let body = body.flatMap { $0.isNull ? nil : $0 } ?? [:]
        switch action {
        case .submit: self = .submit(try SubmitCommand(body: body, at: pointer))
        case .update: self = .update(try UpdateCommand(body: body, at: pointer))
        default:
            let problems = ProblemCollector()
            let known = Self.members(of: action)
            guard WorkItemAction.commands.contains(action) else {
                let names = WorkItemAction.commands.map(\.rawValue)
                throw BodyProblems(
                    path: "",
                    message: NearestName.complaint(about: action.rawValue, what: "command", known: names))
            }
            let reader = ObjectReader(body, at: pointer, known: known, problems: problems)
            let command = reader.flatMap { Self.read(action, $0) }
            try problems.check()
            guard let command else { throw BodyProblems(path: "", message: "Expected the body of a command.") }
            self = command
        }
    }

    /// The members that the body of that command takes.
    public static func members(of action: WorkItemAction) -> [String] {
        switch action {
        case .submit: SubmitCommand.members
        case .update: UpdateCommand.members
        case .hold, .cancel: ["reason"]
        case .complete: ["result"]
        case .assign: ["agent"]
        case .transfer: ["agent", "endpoint", "reason"]
        case .park: ["until", "workbin"]
        default: []
        }
    }

    private static func read(_ action: WorkItemAction, _ reader: ObjectReader) -> WorkItemCommand? {
        switch action {
        case .hold: .hold(reason: reader.text("reason", .reason))
        case .cancel: .cancel(reason: reader.text("reason", .reason))
        case .resume: .resume
        case .restart: .restart
        case .activate: .activate
        case .complete: .complete(result: result(reader))
        case .assign: reader.requiredText("agent", .pathName).map { .assign(agent: $0) }
        case .transfer: transfer(reader)
        case .park:
            .park(
                workbin: reader.text("workbin", .pathName),
                until: reader.instant("until", in: WorkItemLimits.dates))
        default: nil
        }
    }

    private static func result(_ reader: ObjectReader) -> JSONValue? {
        guard let result = reader.value("result") else { return nil }
        let size = result.bytes.count
        if size > WorkItemLimits.resultBytes {
            reader.report("result", "Expected at most \(WorkItemLimits.resultBytes) bytes of JSON, found \(size).")
        }
        return result
    }

    private static func transfer(_ reader: ObjectReader) -> WorkItemCommand? {
        let reason = reader.text("reason", .reason)
        let agent = reader.text("agent", .pathName)
        let endpoint = reader.text("endpoint", .name)
        switch (reader.value("agent") != nil, reader.value("endpoint") != nil) {
        case (true, false): return agent.map { .transfer(to: .agent($0), reason: reason) }
        case (false, true): return endpoint.map { .transfer(to: .endpoint($0), reason: reason) }
        case (false, false): reader.report("agent", "Missing; expected either agent or endpoint.")
        case (true, true): reader.report("endpoint", "Expected either agent or endpoint, not both.")
        }
        return nil
    }
}
