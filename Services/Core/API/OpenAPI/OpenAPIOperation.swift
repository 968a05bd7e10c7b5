import Domain
import ServiceKit

/// What the operations are about, in the order in which an integrator meets them.
enum OpenAPITag: String, CaseIterable, Sendable {
    case workItems = "Work items"
    case actions = "Actions"
    case emails = "Emails"
    case mailboxes = "Mailboxes"
    case mailService = "Mail service"
    case agents = "Agents"
    case offers = "Offers"
    case reporting = "Reporting"
    case configuration = "Configuration"
    case projections = "Projections"
    case administration = "Administration"

    var document: JSONValue { ["name": .string(rawValue), "description": .string(summary)] }

    private var summary: String {
        switch self {
        case .workItems: "Submitting, reading, listing and changing work items."
        case .actions: "What is done to a work item: by its source, a supervisor, or the agent who has it."
        case .emails: "Messages that came and go: read, answered, written, approved."
        case .mailboxes: "Mailboxes: configured, tested, and how their connections are."
        case .mailService: "What the email service asks and tells."
        case .agents: "Agents, their states and what they have."
        case .offers: "Offers: waited for, accepted, declined."
        case .reporting: "What waits now, and everything that has happened."
        case .configuration: "The tenant's configuration: one document, applied whole."
        case .projections: "What the data mart and the search service ask: settings, and whom a credential belongs to."
        case .administration: "Keys, messages that could not be taken, erasure of a customer's data."
        }
    }
}

/// One operation as the document describes it.
///
/// Answers that every operation shares are not repeated: 400, 401, 403 and 503 always, 404 where the path names a
/// thing, 413 and 415 where there is a body.
struct OpenAPIOperation: Sendable {
    /// `POST`.
    let method: String
    /// Template below `/iwd/v3`.
    let path: String
    /// Name of the operation in generated clients.
    let id: String
    let tag: OpenAPITag
    let summary: String
    var description = ""
    /// Who may call it; nil: everyone, without a credential.
    var roles: [Role]? = []
    /// Names of components.
    var parameters: [String] = []
    var body: OpenAPIBody?
    let answers: [OpenAPIAnswer]
    /// Statuses of problems beyond those that follow from the rest.
    var problems: [Int] = []

    private var allProblems: [Int] {
        var statuses = Set(problems)
        if roles != nil { statuses.formUnion([400, 401, 403, 503]) }
        if path.contains("{") { statuses.insert(404) }
        if body != nil { statuses.formUnion([400, 413, 415]) }
        return statuses.sorted()
    }

    var document: JSONValue {
        var object: JSONObject = [
            "operationId": .string(id), "tags": [.string(tag.rawValue)], "summary": .string(summary),
        ]
        let text = [description, access].filter { !$0.isEmpty }.joined(separator: "\n\n")
        if !text.isEmpty { object["description"] = .string(text) }
        if roles == nil { object["security"] = [] }
        if !parameters.isEmpty {
            object["parameters"] = .array(parameters.map { OpenAPIReference.to("parameters", $0) })
        }
        if let body { object["requestBody"] = body.document }
        var responses = JSONObject()
        for answer in answers { responses[String(answer.status)] = answer.document }
        for status in allProblems {
            responses[String(status)] = OpenAPIReference.to("responses", "Problem\(status)")
        }
        object["responses"] = .object(responses)
        return .object(object)
    }

    private var access: String {
        guard let roles, !roles.isEmpty else { return "" }
        return "Roles: " + roles.map { "`\($0.rawValue)`" }.joined(separator: ", ") + "."
    }
}

/// The body that an operation takes.
struct OpenAPIBody: Sendable {
    /// Name of the schema.
    let schema: String
    var isRequired = true
    var mediaTypes = ["application/json"]

    /// A body that may be absent.
    static func optional(_ schema: String) -> OpenAPIBody { OpenAPIBody(schema: schema, isRequired: false) }

    var document: JSONValue {
        var content = JSONObject()
        for type in mediaTypes { content[type] = ["schema": OpenAPIReference.to("schemas", schema)] }
        return ["required": .bool(isRequired), "content": .object(content)]
    }
}

/// An answer below 400.
struct OpenAPIAnswer: Sendable {
    let status: Int
    let description: String
    /// Name of the schema; nil: there is no body.
    let schema: String?
    /// Names of components.
    let headers: [String]
    var otherMediaTypes: [String] = []
    /// Media types of a body that is no JSON.
    private var binaryTypes: [String] = []

    init(_ status: Int, _ description: String, _ schema: String? = nil, headers: [String] = []) {
        self.status = status
        self.description = description
        self.schema = schema
        self.headers = headers
    }

    /// The same, also as a stream of server-sent events.
    var orStreamed: OpenAPIAnswer {
        var answer = self
        answer.otherMediaTypes = ["text/event-stream"]
        return answer
    }

    /// The same with a body of bytes.
    func binary(_ types: [String]) -> OpenAPIAnswer {
        var answer = self
        answer.binaryTypes = types
        return answer
    }

    var document: JSONValue {
        var object: JSONObject = ["description": .string(description)]
        if !headers.isEmpty {
            object["headers"] = .object(JSONObject(headers.map { ($0, OpenAPIReference.to("headers", $0)) }))
        }
        if let schema {
            var content: JSONObject = ["application/json": ["schema": OpenAPIReference.to("schemas", schema)]]
            for type in otherMediaTypes { content[type] = ["schema": ["type": "string"]] }
            object["content"] = .object(content)
        } else if !binaryTypes.isEmpty {
            let schema = OpenAPIReference.to("schemas", "Bytes")
            object["content"] = .object(JSONObject(binaryTypes.map { ($0, ["schema": schema]) }))
        }
        return .object(object)
    }
}

/// References to components.
enum OpenAPIReference {
    static func to(_ section: String, _ name: String) -> JSONValue {
        ["$ref": .string("#/components/\(section)/\(name)")]
    }
}
