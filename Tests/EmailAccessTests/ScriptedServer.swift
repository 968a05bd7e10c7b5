import EmailAccess
import Foundation
import Synchronization

/// A server on loopback that behaves as a test says, one connection after another, each on a thread of its own.
final class ScriptedServer: Sendable {
    let port: Int
    private let listener: Int32

    /// - Parameter script: plays one connection.
    init(_ script: @escaping @Sendable (Peer) -> Void) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                precondition(bind(descriptor, raw, size) == 0 && listen(descriptor, 8) == 0)
                precondition(getsockname(descriptor, raw, &size) == 0)
            }
            return Int(UInt16(bigEndian: pointer.pointee.sin_port))
        }
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread {
                    let peer = Peer(connection)
                    script(peer)
                    peer.close()
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    func server(_ security: MailServer.Security = .plain) -> MailServer {
        MailServer(host: "127.0.0.1", port: port, security: security) { host, _ in host }
    }

    /// The other side of a connection.
    final class Peer {
        private let descriptor: Int32
        private var buffer: [UInt8] = []

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        func send(_ text: String) { send(Array(text.utf8)) }

        func send(_ bytes: [UInt8]) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }

        /// A byte every `milliseconds`, until the other side leaves.
        func sendSlowly(_ text: String, every milliseconds: UInt32) {
            for byte in text.utf8 {
                var byte = byte
                guard Foundation.send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else { return }
                usleep(milliseconds * 1000)
            }
        }

        /// The next line without its end; nil when the other side has left.
        func line() -> String? {
            while true {
                if let end = buffer.firstIndex(of: 10) {
                    let line = String(decoding: buffer[..<end].filter { $0 != 13 }, as: UTF8.self)
                    buffer.removeFirst(end + 1)
                    return line
                }
                var chunk = [UInt8](repeating: 0, count: 4096)
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { return nil }
                buffer += chunk[..<count]
            }
        }

        /// Answers a command by its tag; nil when the other side has left.
        @discardableResult
        func answer(_ untagged: String = "", with status: String = "OK done") -> String? {
            guard let line = line() else { return nil }
            send("\(untagged)\(line.prefix { $0 != " " }) \(status)\r\n")
            return line
        }

        /// Says nothing more until the other side leaves.
        func untilClosed() { while line() != nil {} }

        func close() { Foundation.close(descriptor) }

        /// Greeting and login of an IMAP server, up to and with the session's own CAPABILITY.
        func imapLogin(_ capabilities: String = "IMAP4rev1 IDLE") {
            send("* OK ready\r\n")
            answer("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2\r\n")
            answer()
            answer("* CAPABILITY \(capabilities)\r\n")
        }

        /// Greeting, EHLO and AUTH of an SMTP server.
        func smtpLogin() {
            send("220 ready\r\n")
            _ = line()
            send("250-here\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n")
            _ = line()
            send("235 fine\r\n")
        }

        /// MAIL, one RCPT and DATA with its text, up to and with the final dot.
        func smtpMessage() {
            _ = line()
            send("250 ok\r\n")
            _ = line()
            send("250 ok\r\n")
            _ = line()
            send("354 go on\r\n")
            while let line = line(), line != "." {}
        }
    }
}

/// What tests wait for, bounded.
let hasty: MailPatience = {
    var patience = MailPatience()
    patience.connecting = .seconds(5)
    patience.window = .milliseconds(600)
    patience.acceptance = .milliseconds(800)
    return patience
}()

let someone = MailCredentials.password(user: "someone", "geheim-1234")
