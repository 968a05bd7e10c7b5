/// How an ``Elector`` elects.
public struct ElectorConfiguration: Sendable, Hashable {
    /// The lease's name; part of a Redis key, so use ids.
    public var name: String
    /// Who stands for election, for example host and process id. Need not be unique.
    public var holder: String
    /// Goes before every Redis key; put the tenant's hash tag here.
    public var keyPrefix: String
    /// How long a lease outlives a holder that died. 3 s by default.
    public var timeToLive: Duration
    /// Time between renewals and between a standby's looks; a third of the time to live by default.
    public var renewalInterval: Duration
    /// How long before its end a lease is no longer trusted; a tenth of the time to live by default.
    /// Covers what the clocks of Redis and holder differ in speed.
    public var margin: Duration

    /// Makes a configuration; nil means the default fraction of the time to live.
    public init(
        name: String, holder: String, keyPrefix: String = "millrace:", timeToLive: Duration = .seconds(3),
        renewalInterval: Duration? = nil, margin: Duration? = nil
    ) {
        self.name = name
        self.holder = holder
        self.keyPrefix = keyPrefix
        self.timeToLive = timeToLive
        self.renewalInterval = renewalInterval ?? timeToLive / 3
        self.margin = margin ?? timeToLive / 10
    }

    /// The Redis key of the lease.
    public var key: String { "\(keyPrefix)lease:\(name)" }

    /// The channel on which a release is announced.
    public var channel: String { "\(key):released" }

    /// - Throws: ``CoordinationError/Code/invalidConfiguration`` naming the value and what was expected.
    func check() throws(CoordinationError) {
        guard timeToLive >= .milliseconds(100) else {
            throw CoordinationError(.invalidConfiguration, "timeToLive of lease \(name) must be at least 100 ms.")
        }
        guard margin >= .zero, renewalInterval > .zero, renewalInterval + margin < timeToLive else {
            throw CoordinationError(
                .invalidConfiguration,
                "renewalInterval plus margin of lease \(name) must be less than its timeToLive.")
        }
    }
}
