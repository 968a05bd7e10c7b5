import CRdKafka
import Glibc
import Threads

/// A member of a consumer group, as the broker knows it.
public struct GroupMember: Sendable, Hashable {
    /// The broker's name for it; a member that comes back has another.
    public var id: String
    /// The `clientIdentifier` that it showed.
    public var clientIdentifier: String

    /// A member as the broker's list shows it.
    public init(id: String, clientIdentifier: String) {
        self.id = id
        self.clientIdentifier = clientIdentifier
    }
}

/// Consumer groups on brokers that do not end a silent member's session. Apache Kafka does so by itself; small brokers
/// for laptops may keep the dead for ever, and with them their partitions.
extension KafkaAdmin {
    /// The present members of a group.
    /// - Throws: `unreachable`.
    public func members(
        of group: String, within timeout: Duration = .seconds(5)
    ) async throws(MessagingError) -> [GroupMember] {
        try await withClient { client throws(MessagingError) in
            var list: UnsafePointer<rd_kafka_group_list>?
            let code = rd_kafka_list_groups(
                client.handle, group, &list, Int32(clamping: timeout.nanoseconds / 1_000_000))
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { throw Self.unreachable(errorName(code)) }
            defer { rd_kafka_group_list_destroy(list) }
            var members: [GroupMember] = []
            for index in 0..<Int(list.pointee.group_cnt) {
                let entry = list.pointee.groups[index]
                for place in 0..<Int(entry.member_cnt) {
                    guard let id = entry.members[place].member_id, let client = entry.members[place].client_id else {
                        continue
                    }
                    members.append(GroupMember(id: String(cString: id), clientIdentifier: String(cString: client)))
                }
            }
            return members
        }
    }

    /// Tells the first broker that answers that a member has left: LeaveGroup, version 0, without TLS or SASL.
    /// The library has no call for another member than itself. A member that lives all the same joins again.
    /// - Throws: `unreachable`.
    public func remove(_ member: GroupMember, from group: String) async throws(MessagingError) {
        let servers = connection.bootstrapServers
        try await OwnedThread.run { () throws(MessagingError) in
            for server in servers.split(separator: ",") where Self.leave(String(server), group, member.id) { return }
            throw Self.unreachable("LeaveGroup")
        }
    }

    private static func leave(_ server: String, _ group: String, _ member: String) -> Bool {
        guard let colon = server.lastIndex(of: ":") else { return false }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let host = server[..<colon].filter { $0 != " " }
        guard getaddrinfo(host, String(server[server.index(after: colon)...]), &hints, &found) == 0, let address = found
        else { return false }
        defer { freeaddrinfo(address) }
        let descriptor = socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        guard connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else { return false }
        let request = leaveRequest(group, member)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return false }
        var answer = [UInt8](repeating: 0, count: 64)
        return recv(descriptor, &answer, answer.count, 0) > 0
    }

    /// Size, api key 13, version 0, correlation, client id, group, member: big-endian, texts with their length in front.
    private static func leaveRequest(_ group: String, _ member: String) -> [UInt8] {
        var body: [UInt8] = [0, 13, 0, 0, 0, 0, 0, 1]
        for text in ["millrace", group, member] {
            let bytes = Array(text.utf8)
            body += [UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
        }
        let size = UInt32(body.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } + body
    }
}
