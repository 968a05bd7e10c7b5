import ServiceKit

extension OpenAPIDocument {
    static let workItemActions = byIdAndByCapture { item in
        func action(
            _ name: String, _ summary: String, _ roles: [Role], _ body: String, requiresBody: Bool = false,
            description: String = ""
        ) -> OpenAPIOperation {
            OpenAPIOperation(
                method: "POST", path: "\(item.path)/\(name)", id: name + "WorkItem" + item.suffix, tag: .actions,
                summary: summary, description: description, roles: roles,
                parameters: item.parameters + ["IdempotencyKey", "IfMatch"],
                body: OpenAPIBody(schema: body, isRequired: requiresBody),
                answers: [OpenAPIAnswer(200, "The item as it is now.", "WorkItem", headers: ["ETag"])],
                problems: [409, 412, 422])
        }
        return [
            action(
                "hold", "Set a work item aside", [.source, .supervisor, .agent], "Reason",
                description: "Whether its service level goes on counting is a setting of its category."),
            action(
                "resume", "Let a work item go on", [.source, .supervisor, .agent], "Nothing",
                description: "After `hold`, or to try classification and ranking again after a failure."),
            action("cancel", "Call a work item off", [.source, .supervisor], "Reason"),
            action("complete", "Say that a work item is done", [.source, .supervisor, .agent], "Completion"),
            action("restart", "Begin again with a work item that has ended", [.source, .supervisor], "Nothing"),
            action(
                "activate", "End the waiting of a work item", [.source, .supervisor], "Nothing",
                description: "For an item whose activation lies in the future."),
            action(
                "assign", "Give a work item to an agent", [.supervisor], "Assignment", requiresBody: true,
                description: "The agent has it at once, without an offer."),
            action(
                "transfer", "Hand a work item on", [.supervisor, .agent], "Transfer", requiresBody: true,
                description: "To an agent, who gets it first for a while, or to an endpoint."),
            action(
                "park", "Put a work item into a workbin", [.supervisor, .agent], "Parking",
                description: "Of an agent or a group; without one, of the agent who has it."),
            action(
                "take", "Take a work item out of a workbin", [.supervisor, .agent], "ActingAgent",
                description: "For the caller, or for the agent whom a supervisor names."),
            action(
                "takeback", "Take a work item from its agent", [.supervisor], "Reason",
                description: "Back to its rank in the queue, also out of a workbin."),
        ]
    }
}
