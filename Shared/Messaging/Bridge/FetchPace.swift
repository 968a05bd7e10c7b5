import CRdKafka
import Glibc
import Synchronization

/// Keeps consumers from asking a broker that answers empty fetches at once tens of thousands of times a second.
///
/// A fetch asks the broker to wait for data (`fetch.wait.max.ms`), and Apache Kafka does. The small broker of the local
/// stack does not, and an idle consumer would then take most of a core, and the broker another. So when answers come
/// at once and are all of the same small size, which means empty, the library's broker thread naps before it asks
/// again: two milliseconds at first, five when nothing has come for a while. A broker that waits itself is never
/// slowed.
final class FetchPace: Sendable {
    /// The size of the last answer, and how many in a row had it.
    private let last = Atomic<UInt64>(0)

    /// The answer to a fetch: how long to nap before it is looked at, in microseconds.
    func nap(size: Int, roundTrip: Int64) -> UInt32 {
        guard size < 65536, roundTrip >= 0, roundTrip < 2000 else {
            last.store(0, ordering: .relaxed)
            return 0
        }
        let before = last.load(ordering: .relaxed)
        let repeats = before >> 32 == UInt64(size) ? min((before & 0xFFFF_FFFF) + 1, 100) : 0
        last.store(UInt64(size) << 32 | repeats, ordering: .relaxed)
        return repeats == 0 ? 0 : repeats < 50 ? 2000 : 5000
    }

    /// Has every client that is made with this configuration nap. The pace must outlive the client.
    func install(in configuration: OpaquePointer?) {
        rd_kafka_conf_interceptor_add_on_new(
            configuration, "fetch-pace", addFetchPace, Unmanaged.passUnretained(self).toOpaque())
    }
}

private func addFetchPace(
    _ client: OpaquePointer?, _ configuration: OpaquePointer?, _ pace: UnsafeMutableRawPointer?,
    _ text: UnsafeMutablePointer<CChar>?, _ size: Int
) -> rd_kafka_resp_err_t {
    rd_kafka_interceptor_add_on_response_received(client, "fetch-pace", napAfterFetch, pace)
}

private func napAfterFetch(
    _ client: OpaquePointer?, _ socket: Int32, _ brokerName: UnsafePointer<CChar>?, _ broker: Int32, _ apiKey: Int16,
    _ version: Int16, _ correlation: Int32, _ size: Int, _ roundTrip: Int64, _ error: rd_kafka_resp_err_t,
    _ pace: UnsafeMutableRawPointer?
) -> rd_kafka_resp_err_t {
    guard apiKey == 1, let pace else { return RD_KAFKA_RESP_ERR_NO_ERROR }
    let nap = Unmanaged<FetchPace>.fromOpaque(pace).takeUnretainedValue().nap(size: size, roundTrip: roundTrip)
    if nap > 0 { usleep(nap) }
    return RD_KAFKA_RESP_ERR_NO_ERROR
}
