import Domain

/// A command as a source sends it over Kafka: a CloudEvent of type `millrace.workitem.submit`.
public enum CommandEvent {
    /// The event's JSON.
    /// - Parameters:
    ///   - id: the sender's id of the event; the answer carries it.
    ///   - body: the body that REST takes, as JSON with `captureId`.
    public static func submit(id: String, tenant: String, source: String, body: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(capacity: body.count + 256)
        writer.object { event in
            event.member("specversion", "1.0")
            event.member("type", CloudEventEnvelope.typePrefix + "submit")
            event.member("source", source)
            event.member("id", id)
            event.member("tenant", tenant)
            event.member("datacontenttype", "application/json")
            event.member("data", json: body)
        }
        return writer.bytes
    }
}
