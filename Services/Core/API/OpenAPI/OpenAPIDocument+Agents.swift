extension OpenAPIDocument {
    static let agents: [OpenAPIOperation] = [
        OpenAPIOperation(
            method: "GET", path: "/agents", id: "listAgents", tag: .agents, summary: "All agents with their states",
            roles: [.supervisor, .reader], parameters: ["ListLimit", "Cursor"],
            answers: [OpenAPIAnswer(200, "One page of the agents, by id.", "AgentPage")]),
        OpenAPIOperation(
            method: "GET", path: "/agents/{id}", id: "getAgent", tag: .agents, summary: "Read an agent",
            roles: [.supervisor, .reader, .agent], parameters: ["AgentId"],
            answers: [OpenAPIAnswer(200, "The agent.", "Agent")]),
        OpenAPIOperation(
            method: "PUT", path: "/agents/{id}/state", id: "setAgentState", tag: .agents,
            summary: "Set an agent ready, not ready or offline",
            description: """
                Open offers of an agent who leaves `ready` return at once; assigned items stay. An agent without poll, \
                stream or heartbeat for 60 s becomes offline.
                """,
            roles: [.agent, .supervisor], parameters: ["AgentId", "IdempotencyKey"],
            body: OpenAPIBody(schema: "AgentStateChange"),
            answers: [OpenAPIAnswer(200, "The agent as it is now.", "Agent")], problems: [409, 422]),
        OpenAPIOperation(
            method: "POST", path: "/agents/{id}/heartbeat", id: "heartbeat", tag: .agents,
            summary: "Say that an agent is there", roles: [.agent, .supervisor], parameters: ["AgentId"],
            answers: [OpenAPIAnswer(204, "Noted.")]),
        OpenAPIOperation(
            method: "POST", path: "/agents/{id}/next", id: "next", tag: .agents,
            summary: "Give an agent the next work item at once",
            description: """
                The best-ranked item that the agent may take, assigned without an offer, whatever the agent's state. A \
                request that got no answer is sent again under the same `Idempotency-Key`; else it takes a second item.
                """,
            roles: [.agent, .supervisor], parameters: ["AgentId", "IdempotencyKey"], body: .optional("Nothing"),
            answers: [
                OpenAPIAnswer(200, "The item, assigned to the agent.", "WorkItem", headers: ["ETag"]),
                OpenAPIAnswer(204, "Nothing waits that the agent may take, or the agent is at capacity."),
            ], problems: [409, 422]),
        OpenAPIOperation(
            method: "GET", path: "/agents/{id}/workitems", id: "listWorkItemsOfAgent", tag: .agents,
            summary: "What an agent has",
            description: "Items offered and assigned to it, then those in its workbin and its groups' workbins.",
            roles: [.agent, .supervisor, .reader], parameters: ["AgentId", "ListLimit", "Cursor"],
            answers: [OpenAPIAnswer(200, "One page.", "WorkItemPage")]),
    ]

    static let offers: [OpenAPIOperation] =
        [
            OpenAPIOperation(
                method: "GET", path: "/agents/{id}/offers", id: "waitForOffers", tag: .offers,
                summary: "Wait for offers to an agent",
                description: """
                    Answers at once when there are offers, else as soon as one comes or when `wait` is over. With \
                    `Accept: text/event-stream` the offers come as server-sent events of the type `offer`, whose data is \
                    an Offer, beginning with all that stand. An event `withdrawn` with the members `id` and `workItemId` \
                    follows when one ended otherwise than by the agent's own answer, for example because its time was \
                    over or the item was held.
                    """,
                roles: [.agent, .supervisor], parameters: ["AgentId", "Wait"],
                answers: [OpenAPIAnswer(200, "The offers that stand.", "Offers").orStreamed])
        ]
        + [("accept", "Accept an offer", "Nothing"), ("decline", "Decline an offer", "Reason")].map { answer in
            OpenAPIOperation(
                method: "POST", path: "/offers/{id}/\(answer.0)", id: "\(answer.0)Offer", tag: .offers,
                summary: answer.1, roles: [.agent, .supervisor], parameters: ["OfferId", "IdempotencyKey"],
                body: .optional(answer.2),
                answers: [OpenAPIAnswer(200, "The item as it is now.", "WorkItem", headers: ["ETag"])],
                problems: [409, 422])
        }
}
