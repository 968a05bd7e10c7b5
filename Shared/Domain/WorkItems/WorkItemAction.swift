/// What can happen to a work item. Each is one line of its history.
public enum WorkItemAction: String, CaseIterable, Sendable, Hashable {
    /// A source hands the item in.
    case submit
    /// The activation is reached, or somebody ends the waiting early.
    case activate
    /// Categories, due date and anchor are worked out, and the item enters its lane.
    case classify
    /// Anchor or lane changed without a change of status (a new version of a calendar or schema).
    case reprioritise
    /// No category takes it, or it was overdue on arrival.
    case reject
    /// Classification or ranking failed.
    case fail
    /// It is offered to an agent.
    case offer
    /// The agent takes the offer.
    case accept
    /// The agent refuses the offer.
    case decline
    /// The agent did not answer before the deadline.
    case miss
    /// A higher-ranked item needs the endpoint's place before anybody accepted this one.
    case recall
    /// It is taken from its agent by the system: the agent may not have it any longer.
    case withdraw
    /// It goes back to its rank because its agent is away, or its time in the workbin is over.
    case returnToQueue
    /// An agent asks for the next item and gets this one.
    case pull
    /// A supervisor gives it to an agent.
    case assign
    /// A supervisor takes it back from an agent or a workbin.
    case takeBack
    /// It is handed on to another agent or endpoint.
    case transfer
    /// Its agent puts it into a workbin.
    case park
    /// An agent takes it out of the workbin.
    case unpark
    /// Its attributes, due date, priority or business value change.
    case update
    /// An operator moves it forwards or back in its lane.
    case push
    /// It is set aside.
    case hold
    /// It goes on after `hold` or a failure.
    case resume
    /// It is called off.
    case cancel
    /// It is done, says its agent or its source.
    case complete
    /// Its schema ends it after so much business time.
    case autocomplete
    /// It starts again after its end.
    case restart
    /// What is known of a customer is taken out of it and of its history.
    case erase

    /// What a source or operator can ask for, over HTTP and over Kafka alike.
    public static let commands: [WorkItemAction] = [
        .submit, .update, .hold, .resume, .cancel, .complete, .restart, .activate, .assign, .transfer, .park,
    ]
}
