import Domain
import ServiceKit

/// What operations refer to by name: schemas, parameters, headers, problems, and the security scheme.
enum OpenAPIComponents {
    static var document: JSONObject {
        [
            "securitySchemes": object(of: securitySchemes),
            "parameters": .object(
                parse(parameters).addingDefaults(parse(mailParameters)).addingDefaults(parse(datamartParameters))
                    .addingDefaults(parse(searchParameters))),
            "headers": object(of: headers), "responses": .object(problems), "schemas": .object(schemas),
        ]
    }

    private static var schemas: JSONObject {
        var all = JSONObject()
        for text in [
            texts, workItemSchemas, commandSchemas, explanationSchemas, agentSchemas, reportingSchemas,
            administrationSchemas, configurationSchemas, categorySchemas, changeSchemas, mailboxSchemas,
            mailServiceSchemas, emailSchemas, datamartSchemas, searchSchemas,
        ] {
            for (name, schema) in parse(text).members { all[name] = schema }
        }
        return all
    }

    private static func object(of text: String) -> JSONValue { .object(parse(text)) }

    /// A literal of these files; one that is not JSON is a mistake in them and found by the first test that looks.
    private static func parse(_ text: String) -> JSONObject {
        do {
            guard let object = try JSONValue(parsing: Array(text.utf8)).objectValue else {
                preconditionFailure("A part of the OpenAPI document is no object: \(text.prefix(80))")
            }
            return object
        } catch {
            preconditionFailure("A part of the OpenAPI document is not JSON: \(error), in \(text.prefix(80))")
        }
    }

    /// `"a", "b"`, for an `enum`.
    static func list<Value: RawRepresentable>(_ values: [Value]) -> String where Value.RawValue == String {
        values.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    }

    private static let securitySchemes = #"""
        {"bearer": {
            "type": "http", "scheme": "bearer",
            "description": "An API key (`mr_…`) or a JSON Web Token of a configured issuer."
        }}
        """#

    private static let headers = #"""
        {
            "ETag": {
                "description": "The revision, for If-Match.", "schema": {"type": "string", "pattern": "^\"[0-9]+\"$"}
            },
            "Location": {
                "description": "The address of what was made.", "required": true,
                "schema": {"type": "string", "pattern": "^/iwd/v3/"}
            },
            "Retry-After": {
                "description": "Seconds after which to try again.", "required": true,
                "schema": {"type": "integer", "minimum": 1}
            },
            "WWW-Authenticate": {"required": true, "schema": {"type": "string", "pattern": "^Bearer "}},
            "Accept": {"required": true, "schema": {"type": "string"}}
        }
        """#

    /// One answer for each status that a problem can have.
    private static var problems: JSONObject {
        var responses = JSONObject()
        let kinds: [(status: Int, description: String, header: String?)] = [
            (400, "The request cannot be understood: `errors` names what is wrong and where.", nil),
            (401, "No credential, or one that does not hold.", "WWW-Authenticate"),
            (403, "The credential holds, and does not cover this.", nil),
            (404, "There is nothing of that name, or not for this caller.", nil),
            (409, "The present state does not allow this.", nil),
            (412, "If-Match names another version than the present one.", nil),
            (413, "The body is too large.", nil),
            (415, "The body is of a media type that is not taken here.", "Accept"),
            (422, "Understood, and refused for what it says: `errors` names every wrong place.", nil),
            (428, "This request needs If-Match.", nil),
            (429, "A quota is used up.", "Retry-After"),
            (503, "A server that this needs is away; nothing was lost, try again.", "Retry-After"),
        ]
        for kind in kinds {
            var response: JSONObject = [
                "description": .string(kind.description),
                "content": ["application/problem+json": ["schema": OpenAPIReference.to("schemas", "Problem")]],
            ]
            if let header = kind.header {
                response["headers"] = .object(JSONObject([(header, OpenAPIReference.to("headers", header))]))
            }
            responses["Problem\(kind.status)"] = .object(response)
        }
        return responses
    }
}
