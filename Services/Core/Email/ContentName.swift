import Domain
import Foundation
import Storage

/// The name of a content's file: the digest, by which it can be checked, and the upload that brought it, so that taking away
/// what was there before never meets what came after.
package struct ContentName: Hashable, Sendable {
    let sha256: [UInt8]
    let upload: UUID

    /// - Parameters:
    ///   - sha256: 32 bytes.
    ///   - upload: a UUID of version 7, which tells when the upload began.
    package init(sha256: [UInt8], upload: UUID) {
        self.sha256 = sha256
        self.upload = upload
    }

    /// From the name of a file; nil for one that is none of ours.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let sha256 = EmailAttachment.digest(String(parts[0])),
            let upload = UUID(hexText: parts[1])
        else { return nil }
        self.init(sha256: sha256, upload: upload)
        // Upper-case digits are read as well, but written by somebody else.
        guard self.text == text else { return nil }
    }

    /// As a file's name: digest and upload in hexadecimal digits.
    package var text: String { "\(EmailAttachment.hexadecimal(sha256)).\(upload.hexText)" }

    /// The folder that the file lies in, one of 256: the digest's first two digits.
    package var bucket: String { EmailAttachment.hexadecimal(sha256.prefix(1)) }

    /// When its upload began.
    package var began: Instant { Instant(milliseconds: upload.millisecondsOfVersion7) }
}
