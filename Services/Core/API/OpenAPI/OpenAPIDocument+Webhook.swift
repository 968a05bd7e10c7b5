import Domain

extension OpenAPIDocument {
    /// What a source is sent that has a webhook (`sources[].replies.webhook`).
    static let webhook: JSONValue = [
        "operationId": "tellSource",
        "tags": [.string(OpenAPITag.reporting.rawValue)],
        "summary": "A source is told what became of one of its items",
        "description": .string(
            """
            To the address of the source's configuration, about the actions and statuses that it chose. In order and at \
            least once: what is not answered with 2xx is sent again, with growing pauses of up to 5 minutes, before \
            anything later is. Drop revisions that you have.
            """),
        "security": [],
        "parameters": [OpenAPIReference.to("parameters", "Signature")],
        "requestBody": [
            "required": true,
            "content": [
                "application/cloudevents+json": ["schema": OpenAPIReference.to("schemas", "Event")]
            ],
        ],
        "responses": ["2XX": ["description": "Taken."], "default": ["description": "It will be sent again."]],
    ]
}
