/// A message to be published.
public struct OutgoingMessage: Sendable {
    /// The topic's full name, prefix included.
    public var topic: String
    /// Messages with equal keys keep their order; `nil` spreads them.
    public var key: [UInt8]?
    /// The payload.
    public var value: [UInt8]
    /// Header names and values, in order; names may repeat.
    public var headers: [(name: String, value: String)]

    /// Creates a message.
    public init(topic: String, key: [UInt8]?, value: [UInt8], headers: [(name: String, value: String)] = []) {
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// Creates a message whose key is text.
    public init(topic: String, key: String, value: [UInt8], headers: [(name: String, value: String)] = []) {
        self.init(topic: topic, key: Array(key.utf8), value: value, headers: headers)
    }
}
