import EmailMessages
import Testing

/// Delivery status notifications.
struct ReportCases {
    @Test func aFailureNamesMessageAndRecipient() throws {
        let read = try read(
            latin(
                """
                Return-Path: <>
                From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
                Auto-Submitted: auto-replied
                Content-Type: multipart/report; report-type=delivery-status; boundary=r

                --r

                Your message could not be delivered.
                --r
                Content-Type: message/delivery-status

                Reporting-MTA: dns; mx.example.com
                Original-Envelope-Id: env-7

                Original-Recipient: rfc822;Bob@Example.com
                Final-Recipient: rfc822; bob@example.com
                Action: Failed
                Status: 5.1.1 (no such user)
                Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>:
                  no such user

                Final-Recipient: rfc822; <ann@example.com>
                Action: delayed
                Status: 4.4.1

                --r
                Content-Type: message/rfc822

                Message-ID: <out-1@millrace>
                Subject: Hello

                original
                --r--
                """))
        let status = try #require(read.message.deliveryStatus)
        #expect(status.originalMessageId == "out-1@millrace")
        #expect(status.originalEnvelopeId == "env-7")
        #expect(status.recipients.map(\.address) == ["bob@example.com", "ann@example.com"])
        #expect(status.recipients.map(\.action) == ["failed", "delayed"])
        #expect(status.recipients.map(\.status) == ["5.1.1", "4.4.1"])
        #expect(status.recipients[0].diagnostic == "550 5.1.1 <bob@example.com>: no such user")
        #expect(read.message.automatic == .nullReturnPath)
        #expect(read.message.text == "Your message could not be delivered.")
        #expect(read.message.attachments.map(\.kind) == [.file, .message])
    }

    @Test func headersOfTheOriginalAreEnough() throws {
        let status = try read(
            latin(
                """
                Content-Type: multipart/report; report-type=delivery-status; boundary=r

                --r

                text
                --r
                Content-Type: message/delivery-status
                Content-Transfer-Encoding: base64

                UmVwb3J0aW5nLU1UQTogZG5zOyB4CgpGaW5hbC1SZWNpcGllbnQ6IHJmYzgyMjsgYUBiLmMKU3Rh
                dHVzOiAyLjAuMAo=
                --r
                Content-Type: text/rfc822-headers

                Received: x
                Message-Id:
                  <out-2@millrace>
                --r--
                """)
        ).message.deliveryStatus
        #expect(status?.originalMessageId == "out-2@millrace")
        #expect(status?.recipients.map(\.action) == ["delivered"])
    }

    @Test func aReadReceiptIsAutomatic() throws {
        let message = try read(
            latin(
                """
                Content-Type: multipart/report; report-type=disposition-notification; boundary=r

                --r

                read
                --r
                Content-Type: message/disposition-notification

                Final-Recipient: rfc822;a@b.c
                --r--
                """)
        ).message
        #expect(message.automatic == .autoSubmitted)
        #expect(message.deliveryStatus == nil)
    }

    @Test func aReportOfNothingIsNone() throws {
        let message = try read(
            latin(
                "Content-Type: multipart/report; boundary=r\n\n--r\nContent-Type: message/delivery-status\n\nnonsense\n--r--\n"
            ))
        #expect(message.message.deliveryStatus == nil)
    }
}
