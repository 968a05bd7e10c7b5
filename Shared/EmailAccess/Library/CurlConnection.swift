import CCurl
import Glibc
import Synchronization
import Threads

/// A connection to a mail server that libcurl has made, secured and logged in, and that is then read and written raw.
///
/// libcurl rather than libetpan: its `CURLOPT_CONNECT_ONLY` leaves us the socket after greeting, STARTTLS with
/// verification and SASL (PLAIN, LOGIN, XOAUTH2) are done, so that IDLE can wait in a `poll` over all mailboxes and a
/// literal of 50 MB streams through without being held; a message's end and the answer to it are two steps that we see,
/// which tells "lost before" from "perhaps accepted"; and it is kept up by many hands, while libetpan holds literals in
/// memory, verifies certificates only by extra code, and has had one release in six years.
///
/// Unchecked: the handle is used by one thread at a time, the connecting one and then the loop of its session.
final class CurlConnection: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer
    private let resolution: UnsafeMutablePointer<curl_slist>?
    private var isClosed = false
    /// The socket, for `poll`.
    let socket: Int32
    /// What the server said up to here, a line each.
    let greeting: [String]

    private init(
        handle: UnsafeMutableRawPointer, resolution: UnsafeMutablePointer<curl_slist>?, socket: Int32,
        greeting: [String]
    ) {
        self.handle = handle
        self.resolution = resolution
        self.socket = socket
        self.greeting = greeting
    }

    deinit { assert(isClosed, "close() a connection before it is dropped") }

    /// Connects and logs in, on a thread of its own.
    static func open(_ request: CurlRequest) async throws(EmailAccessError) -> CurlConnection {
        let isCancelled = Flag()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<CurlConnection, EmailAccessError>, Never>) in
                do throws(ThreadRefused) {
                    try OwnedThread.start { continuation.resume(returning: connect(request, isCancelled)) }
                } catch {
                    continuation.resume(returning: .failure(EmailAccessError(.unreachable, "\(error)")))
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try outcome.get()
    }

    private static func connect(_ request: CurlRequest, _ isCancelled: Flag) -> Result<CurlConnection, EmailAccessError>
    {
        do throws(EmailAccessError) {
            do throws(EmailAccessError) {
                return .success(try attempt(request, .sasl, isCancelled))
            } catch {
                // No SASL mechanism of ours is offered: there is still IMAP's own command.
                guard request.service == .imap, error.code == .credentialsRefused, error.text == Self.noMechanism else {
                    throw error
                }
                return .success(try attempt(request, .login, isCancelled))
            }
        } catch {
            return .failure(error)
        }
    }

    private static func attempt(
        _ request: CurlRequest, _ method: CurlRequest.Method, _ isCancelled: Flag
    ) throws(EmailAccessError) -> CurlConnection {
        guard CurlLibrary.isReady, let handle = curl_easy_init() else {
            throw EmailAccessError(.unreachable, "libcurl cannot be started.")
        }
        let resolution = curl_slist_append(nil, request.resolution)
        let transcript = Transcript()
        var released = false
        defer {
            if !released {
                curl_easy_cleanup(handle)
                curl_slist_free_all(resolution)
            }
        }
        let context = Unmanaged.passUnretained(transcript).toOpaque()
        let flag = Unmanaged.passUnretained(isCancelled).toOpaque()
        try set(handle, request, method, resolution)
        millrace_curl_set_header_function(handle, noteLine, context)
        millrace_curl_set_progress_function(handle, askWhetherCancelled, flag)
        let code = withExtendedLifetime((transcript, isCancelled)) { curl_easy_perform(handle) }
        millrace_curl_set_header_function(handle, nil, nil)
        millrace_curl_set_progress_function(handle, nil, nil)
        var socket: curl_socket_t = -1
        millrace_curl_active_socket(handle, &socket)
        guard code == CURLE_OK, socket >= 0 else {
            var status = 0
            millrace_curl_response_code(handle, &status)
            // Else libcurl would say goodbye and wait for the answer of a server that may be stuck.
            if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
            throw CurlFailure(code: code, status: status, lines: transcript.lines).error(for: request)
        }
        released = true
        return CurlConnection(handle: handle, resolution: resolution, socket: socket, greeting: transcript.lines)
    }

    private static func set(
        _ handle: UnsafeMutableRawPointer, _ request: CurlRequest, _ method: CurlRequest.Method,
        _ resolution: UnsafeMutablePointer<curl_slist>?
    ) throws(EmailAccessError) {
        let url = try request.url()
        let milliseconds = Int(clamping: request.connecting.nanoseconds / 1_000_000)
        var codes = [
            millrace_curl_set_text(handle, CURLOPT_URL, url),
            millrace_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "imap,imaps,smtp,smtps"),
            // A proxy of the environment would go round the address guard.
            millrace_curl_set_text(handle, CURLOPT_PROXY, ""),
            millrace_curl_set_pointer(handle, CURLOPT_RESOLVE, resolution),
            millrace_curl_set_long(handle, CURLOPT_CONNECT_ONLY, 1),
            millrace_curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            millrace_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds),
            millrace_curl_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds),
            millrace_curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1),
            millrace_curl_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            millrace_curl_set_long(
                handle, CURLOPT_USE_SSL,
                request.server.security == .plain ? Int(CURLUSESSL_NONE.rawValue) : Int(CURLUSESSL_ALL.rawValue)),
        ]
        if let file = request.server.certificates {
            codes.append(millrace_curl_set_text(handle, CURLOPT_CAINFO, file))
        }
        if let credentials = request.credentials {
            codes.append(millrace_curl_set_text(handle, CURLOPT_USERNAME, credentials.user))
            codes.append(millrace_curl_set_long(handle, CURLOPT_SASL_IR, 1))
            switch credentials.secret {
            case .password(let password):
                codes.append(millrace_curl_set_text(handle, CURLOPT_PASSWORD, password))
            case .token(let token):
                codes.append(millrace_curl_set_text(handle, CURLOPT_XOAUTH2_BEARER, token))
            }
            if let options = request.loginOptions(method) {
                codes.append(millrace_curl_set_text(handle, CURLOPT_LOGIN_OPTIONS, options))
            }
        }
        guard codes.allSatisfy({ $0 == CURLE_OK }) else {
            throw EmailAccessError(.invalidConfiguration, "libcurl does not take the mail server's settings.")
        }
    }

    /// Reads what has arrived.
    /// - Returns: the number of bytes appended; nil when nothing has arrived.
    func receive(into bytes: inout [UInt8]) throws(EmailAccessError) -> Int? {
        var count = 0
        let code = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { scratch in
            let code = curl_easy_recv(handle, scratch.baseAddress, scratch.count, &count)
            if code == CURLE_OK, count > 0 { bytes.append(contentsOf: scratch[..<count]) }
            return code
        }
        if code == CURLE_AGAIN { return nil }
        guard code == CURLE_OK, count > 0 else {
            throw EmailAccessError(.connectionLost, "The mail server ended the connection.")
        }
        return count
    }

    /// Writes as much as goes without waiting.
    /// - Returns: the number of bytes written; nil when none could be.
    func send(_ bytes: ArraySlice<UInt8>) throws(EmailAccessError) -> Int? {
        var count = 0
        let code = bytes.withUnsafeBytes { curl_easy_send(handle, $0.baseAddress, $0.count, &count) }
        if code == CURLE_AGAIN { return nil }
        guard code == CURLE_OK else {
            throw EmailAccessError(.connectionLost, "The connection to the mail server broke.")
        }
        return count
    }

    /// Closes the socket; does not wait for the server.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        // Else libcurl would say goodbye and wait for an answer; the session has done that.
        shutdown(socket, Int32(SHUT_RDWR))
        curl_easy_cleanup(handle)
        curl_slist_free_all(resolution)
    }

    static let noMechanism = "The mail server offers no way to log in that is known here (PLAIN, LOGIN, XOAUTH2)."
}

/// libcurl's own start, once in a process.
private enum CurlLibrary {
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// The lines that the server sends while libcurl logs in. Filled on the connecting thread only.
private final class Transcript {
    private(set) var lines: [String] = []
    private var size = 0

    func note(_ bytes: UnsafeRawBufferPointer) {
        size += bytes.count
        guard size <= 65536 else { return }
        lines.append(String(decoding: bytes.prefix { $0 != 13 && $0 != 10 }, as: UTF8.self))
    }
}

private func noteLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes, let context else { return size * count }
    Unmanaged<Transcript>.fromOpaque(context).takeUnretainedValue().note(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}

private func askWhetherCancelled(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    guard let context else { return 0 }
    return Unmanaged<Flag>.fromOpaque(context).takeUnretainedValue().isSet ? 1 : 0
}
