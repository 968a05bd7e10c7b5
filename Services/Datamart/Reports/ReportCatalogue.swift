/// The reports over aggregates, by name.
package enum ReportCatalogue {
    /// All of them, in the order in which they are listed.
    package static let all: [ReportDefinition] = [
        intradayProcess, customerSegmentServiceLevel, capturePointDuration, resourcePerformance, queuePriorityRange,
        taskAge, email,
    ]

    /// The report of that name.
    static func report(_ name: String) -> ReportDefinition? { all.first { $0.name == name } }

    /// What is counted of items.
    private static let items = [
        "entered", "adopted", "activated", "offered", "accepted", "pulled", "given", "missed", "declined", "recalled",
        "withdrawn", "held", "parked", "transferred", "reopened", "failed", "completed", "autocompleted", "canceled",
        "rejected", "became_overdue", "finished_overdue", "sla_eligible", "sla_met", "waits", "handled", "holds_ended",
        "wait_ms", "handle_ms", "hold_ms", "finish_ms", "finish_business_ms",
    ]

    /// All that is counted by age needs few rows; agents make them many.
    private static let flowsOfItems = [
        ReportFlow("agg_age", by: [.category, .queue, .source], items),
        ReportFlow("agg", by: [.category, .queue, .agent, .source], items),
    ]

    private static let serviceLevel = ReportMeasure(
        "withinSla", "within SLA", .share("sla_met", of: "sla_eligible"), main: true)
    private static let wait = ReportMeasure("averageWait", "avg wait", .mean("wait_ms", per: "waits"))
    private static let handle = ReportMeasure("averageHandle", "avg handle", .mean("handle_ms", per: "handled"))
    private static let hold = ReportMeasure("averageHold", "avg hold", .mean("hold_ms", per: "holds_ended"))
    private static let finish = ReportMeasure("averageFinish", "avg finish", .mean("finish_ms", per: "completed"))
    private static let finishBusiness = ReportMeasure(
        "averageFinishBusiness", "avg finish, business", .mean("finish_business_ms", per: "completed"))

    private static func count(_ name: String, _ title: String? = nil, main: Bool = false) -> ReportMeasure {
        ReportMeasure(name, title ?? name, .sum(name), main: main)
    }

    private static func count(_ name: String, of sum: String, _ title: String) -> ReportMeasure {
        ReportMeasure(name, title, .sum(sum))
    }

    static let intradayProcess = ReportDefinition(
        name: "intraday-process", title: "Intraday process",
        summary: "What came in, what was done, and what was left, interval by interval.",
        dimensions: [.interval, .category, .queue, .agent, .source], defaultBy: [.interval],
        flows: flowsOfItems,
        levels: [.backlog, .overdue, .upcoming],
        measures: [
            ReportMeasure("opening", "opening", .opening("backlog")), count("entered", main: true), count("activated"),
            count("reopened"), count("offered"), count("accepted"), count("pulled"), count("given"), count("missed"),
            count("declined"), count("held"), count("parked"), count("transferred"), count("completed", main: true),
            count("canceled"), count("rejected"),
            ReportMeasure("backlog", "backlog", .closing("backlog"), main: true),
            ReportMeasure("overdue", "overdue", .closing("overdue")),
            ReportMeasure("upcoming", "yet to begin", .closing("upcoming")),
            count("becameOverdue", of: "became_overdue", "became overdue"),
            count("finishedOverdue", of: "finished_overdue", "finished overdue"), serviceLevel, wait, handle, finish,
            finishBusiness,
        ])

    static let customerSegmentServiceLevel = ReportDefinition(
        name: "customer-segment-service-level", title: "Customer segment service level",
        summary: "How well each segment of customers was served, against the target of its category.",
        dimensions: [.interval, .segment, .product, .channel, .mediaType, .businessValue, .category],
        defaultBy: [.segment],
        flows: [
            ReportFlow("agg_segment", by: [.segment, .product, .channel, .mediaType, .businessValue, .category], items)
        ],
        measures: [
            serviceLevel, count("entered"), count("completed", main: true),
            count("dated", of: "sla_eligible", "with due date"), count("met", of: "sla_met", "in time"),
            count("becameOverdue", of: "became_overdue", "became overdue"),
            count("finishedOverdue", of: "finished_overdue", "finished overdue"), count("canceled"),
            count("rejected"), wait, handle, finish, finishBusiness,
        ], hasTarget: true)

    static let capturePointDuration = ReportDefinition(
        name: "capture-point-duration", title: "Capture point duration",
        summary: "How long work took from each source, and where the time went.",
        dimensions: [.interval, .source, .category, .queue, .agent], defaultBy: [.source],
        flows: flowsOfItems,
        levels: [.backlog],
        measures: [
            count("entered", main: true), count("completed", main: true), count("canceled"), count("rejected"), wait,
            handle, hold, finish, finishBusiness, ReportMeasure("handleTime", "handle", .seconds("handle_ms")),
            ReportMeasure("backlog", "backlog", .closing("backlog")),
        ])

    static let resourcePerformance = ReportDefinition(
        name: "resource-performance", title: "Resource performance",
        summary: "What each agent or team took, missed and finished, and how busy they were.",
        dimensions: [.interval, .agent, .team, .queue, .category, .source], defaultBy: [.agent],
        flows: [
            ReportFlow("agg", by: [.category, .queue, .agent, .team, .source], items, only: "agent_key <> 0"),
            ReportFlow("agg_agent", by: [.agent, .team], ["busy_ms", "idle_ms", "away_ms", "item_ms", "present_ms"]),
        ],
        measures: [
            count("offered"), count("accepted"), count("pulled"), count("given"), count("missed"), count("declined"),
            count("transferred"), count("parked"), count("completed", main: true), count("canceled"),
            serviceLevel, wait, handle, ReportMeasure("handleTime", "handle", .seconds("handle_ms")),
            ReportMeasure("busyTime", "busy", .seconds("busy_ms")),
            ReportMeasure("idleTime", "idle", .seconds("idle_ms")),
            ReportMeasure("awayTime", "away", .seconds("away_ms")),
            ReportMeasure("occupancy", "occupancy", .share("busy_ms", of: "present_ms"), main: true),
            ReportMeasure("atOnce", "at once", .ratio("item_ms", per: "busy_ms")),
        ], items: [("assignments", .assignment), ("finished", .finished)], isOfAgents: true)

    static let queuePriorityRange = ReportDefinition(
        name: "queue-priority-range", title: "Queue and priority range",
        summary: "What each queue gave out and finished, by the priority that items had when they were picked.",
        dimensions: [.interval, .queue, .priority, .category], defaultBy: [.queue, .priority],
        flows: [ReportFlow("agg_priority", by: [.queue, .priority, .category], items)],
        measures: [
            count("offered", main: true), count("accepted"), count("pulled"), count("given"), count("missed"),
            count("declined"), count("recalled"), count("completed", main: true), count("canceled"), count("rejected"),
            count("finishedOverdue", of: "finished_overdue", "finished overdue"), serviceLevel, wait, handle, finish,
        ], items: [("assignments", .assignment), ("finished", .finished)])

    static let taskAge = ReportDefinition(
        name: "task-age", title: "Task age",
        summary: "How old the open items are at the end of the period, and how old those were that ended in it.",
        dimensions: [.interval, .ageBand, .category, .queue, .source, .status], defaultBy: [.ageBand],
        flows: [ReportFlow("agg_age", by: [.ageBand, .category, .queue, .source], items)],
        levels: [.backlog, .overdue, .waiting, .withAgents, .aside],
        measures: [
            ReportMeasure("open", "open", .closing("backlog"), main: true),
            ReportMeasure("overdue", "overdue", .closing("overdue")),
            ReportMeasure("waiting", "waiting", .closing("waiting")),
            ReportMeasure("withAgents", "with agents", .closing("withAgents")),
            ReportMeasure("aside", "held or parked", .closing("aside")), count("completed", main: true),
            count("canceled"), count("rejected"), count("finishedOverdue", of: "finished_overdue", "finished overdue"),
        ],
        items: [("finished", .finished), ("open", .open)])

    /// Messages by the category that their item has now: an aggregate would have to be written anew whenever that changes.
    private static let emailFacts: ReportFlow = {
        let states = [
            "received": "received", "drafted": "draft", "awaiting_approval": "awaitingApproval", "queued": "queued",
            "sending": "sending", "sent": "sent", "delivered": "delivered", "bounced": "bounced", "failed": "failed",
            "uncertain": "uncertain", "canceled": "canceled", "rejected": "rejected",
        ]
        var flow = ReportFlow("email_event_fact", by: [.mailbox, .direction, .category], states.keys.sorted())
        flow.facts = CountedFacts(
            query: """
                SELECT e.at, e.to_state AS kind, m.mailbox_key, m.direction, m.category_key
                FROM email_event_fact e JOIN email_fact m USING (email)
                WHERE e.from_state IS DISTINCT FROM e.to_state
                """, kinds: states)
        return flow
    }()

    static let email = ReportDefinition(
        name: "email", title: "Email", summary: "Messages that came and went, by mailbox.",
        dimensions: [.interval, .mailbox, .direction, .category], defaultBy: [.mailbox],
        flows: [
            ReportFlow(
                "agg_email", by: [.mailbox, .direction],
                [
                    "received", "drafted", "awaiting_approval", "queued", "sending", "sent", "delivered", "bounced",
                    "failed", "uncertain", "canceled", "rejected", "sends", "send_ms",
                ]),
            emailFacts,
        ],
        measures: [
            count("received", main: true), count("drafted"),
            count("awaitingApproval", of: "awaiting_approval", "for approval"),
            count("queued"), count("sent", main: true), count("delivered"), count("bounced"), count("failed"),
            count("uncertain"), count("rejected"), count("canceled"),
            ReportMeasure("averageSend", "avg until sent", .mean("send_ms", per: "sends")),
        ],
        items: [("items", .email)])
}
