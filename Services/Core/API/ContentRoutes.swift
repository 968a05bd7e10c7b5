import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceKit

/// Raw messages and attachments by digest, streamed. They are the email service's; people see them through their messages.
extension CoreAPI {
    func contents(_ routes: inout Routes) {
        routes.on(.put, "/contents/{sha256}", access: .anyOf(.mail, .supervisor, .agent)) { request in
            let runtime = try await runtime(for: request)
            guard let digest = EmailAttachment.digest(try request.capture("sha256")) else {
                throw Problem.badRequest(at: "sha256", "must be a SHA-256 in 64 hexadecimal digits")
            }
            let type = request.mediaType.map { $0.cut(toBytes: 200) } ?? "application/octet-stream"
            let isNew = try await ContentStore(runtime).store(digest, type: type) { take in
                try await request.chunks(limit: EmailLimits.contentBytes, take)
            }
            return Response(status: isNew ? .created : .noContent)
        }
        routes.get("/contents/{sha256}", access: .anyOf(.mail)) { request in
            let runtime = try await runtime(for: request)
            guard let digest = EmailAttachment.digest(try request.capture("sha256")) else { throw Self.noSuchContent }
            return try await content(digest, runtime)
        }
    }

    static let noSuchContent = Problem.notFound("There is no such content.")

    /// A content as a stream.
    /// - Parameters:
    ///   - name: of the file that a browser would save; nil shows it.
    ///   - type: its media type; nil takes the one that it was stored with.
    func content(
        _ digest: [UInt8], _ runtime: TenantRuntime, name: String? = nil, type: String? = nil
    ) async throws -> Response {
        let store = ContentStore(runtime)
        guard let content = try await store.find(digest) else { throw Self.noSuchContent }
        try await store.requireBytes(of: content)
        var headers = HTTPFields()
        headers[.contentType] = type ?? content.type
        headers[.eTag] = "\"\(EmailAttachment.hexadecimal(digest))\""
        // What came by mail is nobody's to run: no script, no frame, no guessing.
        headers[.contentSecurityPolicy] = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"
        headers[.xContentTypeOptions] = "nosniff"
        if let name { headers[.contentDisposition] = Self.disposition(name) }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody(contentLength: Int(content.size)) { writer in
                try await store.read(content) { try await writer.write($0) }
                try await writer.finish(nil)
            })
    }

    /// `attachment; filename*=UTF-8''…` (RFC 6266).
    private static func disposition(_ name: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_".utf8)
        let encoded = name.utf8.map { byte in
            plain.contains(byte) ? String(UnicodeScalar(byte)) : "%" + EmailAttachment.hexadecimal([byte]).uppercased()
        }
        return "attachment; filename*=UTF-8''" + encoded.joined()
    }
}
