import EmailMessages
import Testing

/// What parts a message is made of, and what becomes of each.
struct StructureCases {
    @Test(arguments: Self.cases) func isRead(_ example: MessageCase) throws {
        example.check(try read(example.bytes))
    }

    static func multipart(_ type: String, _ parts: String...) -> String {
        "MIME-Version: 1.0\nContent-Type: multipart/\(type); boundary=\"b\"\n\n"
            + parts.map { "--b\n\($0)\n" }.joined() + "--b--\n"
    }

    static let cases: [MessageCase] = [
        MessageCase(
            "plain and HTML",
            multipart(
                "alternative", "Content-Type: text/plain\n\nthe plain", "Content-Type: text/html\n\n<b>the bold</b>")
        ) { read in
            #expect(read.message.text == "the plain")
            #expect(read.html == "<b>the bold</b>")
            #expect(read.message.attachments == [])
        },
        MessageCase("HTML alone", "Content-Type: text/html; charset=utf-8\n\n<p>One</p><p>Two<br>Three</p>") { read in
            #expect(read.message.text == "One\n\nTwo\nThree")
            #expect(read.html.contains("<p>One</p>"))
        },
        MessageCase(
            "an empty plain part beside HTML",
            multipart("alternative", "\n\n \n", "Content-Type: text/html\n\n<i>words</i>")
        ) { read in
            #expect(read.message.text == "words")
        },
        MessageCase(
            "text, attachment, text",
            multipart(
                "mixed", "\n\nfirst",
                "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nJVBERg==", "\n\nlast")
        ) { read in
            #expect(read.message.text == "first\n\nlast")
            #expect(read.message.attachments.map(\.name) == ["a.pdf"])
            #expect(read.attachment(0) == "%PDF")
        },
        MessageCase(
            "plain text below HTML",
            multipart("mixed", "Content-Type: text/html\n\n<p>page</p>", "\n\n-- list footer <x>")
        ) { read in
            #expect(read.message.text == "page\n\n-- list footer <x>")
            #expect(read.html.contains("footer &lt;x&gt;"))
        },
        MessageCase(
            "a picture within HTML",
            multipart(
                "related; type=\"text/html\"", "Content-Type: text/html\n\n<img src=\"cid:p%401\">",
                "Content-Type: image/png\nContent-ID: <p@1>\nContent-Transfer-Encoding: base64\n\niVBORw==")
        ) { read in
            #expect(read.html.contains("cid:p%401"))
            #expect(read.message.attachments.first?.contentId == "p@1")
            #expect(read.message.attachments.first?.isInline == true)
        },
        MessageCase(
            "a related root that is not the first",
            multipart(
                "related; start=\"<r@x>\"", "Content-Type: image/gif\nContent-ID: <g@x>\n\nGIF",
                "Content-Type: text/html\nContent-ID: <r@x>\n\n<p>root</p>")
        ) { read in
            #expect(read.message.text == "root")
            #expect(read.message.attachments.map(\.type) == ["image/gif"])
        },
        MessageCase(
            "related within alternative within mixed",
            """
            Content-Type: multipart/mixed; boundary=m

            --m
            Content-Type: multipart/alternative; boundary=a

            --a

            plain
            --a
            Content-Type: multipart/related; boundary=r

            --r
            Content-Type: text/html

            <p>html</p>
            --r
            Content-Type: image/png
            Content-ID: <i>

            x
            --r--
            --a--
            --m
            Content-Disposition: attachment; filename=f.txt

            file
            --m--
            """
        ) { read in
            #expect(read.message.text == "plain")
            #expect(read.html == "<p>html</p>")
            #expect(read.message.attachments.map(\.name) == ["part-1.png", "f.txt"])
            #expect(read.message.attachments.map(\.isInline) == [true, false])
        },
        MessageCase(
            "a calendar invitation",
            multipart("alternative", "\n\ncome", "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR")
        ) { read in
            #expect(read.message.text == "come")
            #expect(read.message.attachments.map(\.name) == ["part-1.ics"])
        },
        MessageCase(
            "a forwarded message",
            multipart(
                "mixed", "\n\nsee below",
                "Content-Type: message/rfc822\n\nSubject: The/first one\nFrom: z@y.x\n\nold text\n")
        ) { read in
            #expect(read.message.text == "see below")
            #expect(read.message.attachments.first?.kind == .message)
            #expect(read.message.attachments.first?.name == "The first one.eml")
            #expect(read.attachment(0).contains("old text"))
            #expect(read.attachment(0).hasPrefix("Subject: The/first one"))
        },
        MessageCase(
            "a forwarded message in base64",
            multipart(
                "mixed", "\n\nsee",
                "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW4KCmJvZHkK")
        ) { read in
            #expect(read.attachment(0) == "Subject: in\n\nbody\n")
        },
        MessageCase("a message that is nothing but a message", "Content-Type: message/rfc822\n\nSubject: in\n\nbody") {
            read in
            #expect(read.message.attachments.count == 1)
            #expect(read.message.text == "")
        },
        MessageCase("a digest", multipart("digest", "\nSubject: 1\n\none\n", "\nSubject: 2\n\ntwo\n")) { read in
            #expect(read.message.attachments.map(\.kind) == [.message, .message])
        },
        MessageCase(
            "signed with OpenPGP",
            multipart(
                "signed; protocol=\"application/pgp-signature\"", "Content-Type: text/plain\n\nI sign",
                "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----")
        ) { read in
            #expect(read.message.text == "I sign")
            #expect(read.message.protection == [.signedOpenPGP])
            #expect(read.message.attachments.map(\.kind) == [.signature])
        },
        MessageCase(
            "signed with S/MIME",
            multipart(
                "signed; protocol=\"application/pkcs7-signature\"", "\n\nI sign",
                "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nMII=")
        ) { read in
            #expect(read.message.text == "I sign")
            #expect(read.message.protection == [.signedSMIME])
        },
        MessageCase(
            "encrypted with OpenPGP",
            multipart(
                "encrypted; protocol=\"application/pgp-encrypted\"",
                "Content-Type: application/pgp-encrypted\n\nVersion: 1",
                "Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----")
        ) { read in
            #expect(read.message.protection == [.encryptedOpenPGP])
            #expect(read.message.problems.contains(.encrypted))
            #expect(read.message.attachments.map(\.kind) == [.encrypted, .encrypted])
        },
        MessageCase(
            "encrypted with S/MIME",
            "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIIB"
        ) { read in
            #expect(read.message.protection == [.encryptedSMIME])
            #expect(read.message.attachments.map(\.name) == ["smime.p7m"])
        },
        MessageCase(
            "signed within the text",
            "Subject: s\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nreadable\n- -- \nme\n-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
        ) { read in
            #expect(read.message.text == "readable\n-- \nme")
            #expect(read.message.protection == [.signedOpenPGP])
        },
        MessageCase("encrypted within the text", "\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----") {
            read in
            #expect(read.message.protection == [.encryptedOpenPGP])
            #expect(read.message.text.contains("BEGIN PGP MESSAGE"))
        },
        MessageCase(
            "TNEF",
            multipart(
                "mixed", "\n\ntext",
                "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+Ig==")
        ) { read in
            #expect(read.message.attachments.map(\.kind) == [.tnef])
            #expect(read.message.problems.contains(.tnef))
        },
        MessageCase(
            "TNEF under a false type",
            multipart(
                "mixed", "\n\ntext",
                "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=WINMAIL.DAT\n\nx")
        ) { read in
            #expect(read.message.attachments.map(\.kind) == [.tnef])
        },
        MessageCase("a multipart without boundary", "Content-Type: multipart/mixed\n\nhello\n--x\n\nthere\n") { read in
            #expect(read.message.text.contains("hello"))
            #expect(read.message.problems.contains(.brokenMultipart))
        },
        MessageCase("a boundary that never comes", "Content-Type: multipart/mixed; boundary=never\n\nonly this\n") {
            read in
            #expect(read.message.text == "only this")
        },
        MessageCase(
            "no closing boundary",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Type: a/b\n\ntwo"
        ) { read in
            #expect(read.message.text == "one")
            #expect(read.attachment(0) == "two")
        },
        MessageCase(
            "text before and behind the parts",
            "Content-Type: multipart/mixed; boundary=b\n\nThis is MIME.\n--b\n\ninside\n--b--\nbehind\n"
        ) { read in
            #expect(read.message.text == "inside")
        },
        MessageCase(
            "one boundary is the beginning of another",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\ndeep\n--bb--\n--b\nContent-Type: x/y\n\nfile\n--b--\n"
        ) { read in
            #expect(read.message.text == "deep")
            #expect(read.message.attachments.count == 1)
        },
        MessageCase("an empty part", multipart("mixed", "\n\ntext", "Content-Type: image/png; name=e.png\n\n")) {
            read in
            #expect(read.message.attachments.map(\.name) == ["e.png"])
        },
        MessageCase("a content type that is none", "Content-Type: none of them\n\nwords") { read in
            #expect(read.message.text == "words" || read.attachment(0) == "words")
        },
        MessageCase(
            "a content type of 8-bit bytes",
            bytes: latin(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: \u{E4}pp/p\u{F6}f\n\nx\n--b--\n"
            )
        ) { read in
            #expect(read.message.text.contains("text"))
        },
        MessageCase("an encoding that nobody knows", "Content-Transfer-Encoding: rot13\n\nwords") { read in
            #expect(read.message.text == "words")
        },
        MessageCase(
            "quoted-printable with broken escapes", "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4=XY=4 =\nend="
        ) { read in
            #expect(read.message.text.hasPrefix("ä"))
            #expect(read.message.text.contains("end"))
        },
        MessageCase(
            "base64 with rubbish and without its end", "Content-Transfer-Encoding: base64\n\nSGVs!!\n bG8\n*gd29ybGQ"
        ) { read in
            #expect(read.message.text.hasPrefix("Hello worl"))
        },
        MessageCase(
            "uuencode",
            multipart(
                "mixed", "\n\ntext",
                "Content-Type: application/x; name=u\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 u\n#0V%T\n`\nend"
            )
        ) { read in
            #expect(read.attachment(0) == "Cat")
        },
        MessageCase("a partial message", "Content-Type: message/partial; id=x; number=1; total=2\n\npart of it") {
            read in
            #expect(read.message.attachments.map(\.type) == ["message/partial"])
        },
        MessageCase(
            "a body elsewhere",
            "Content-Type: message/external-body; access-type=url; url=\"http://x/\"\n\nContent-Type: a/b\n\n"
        ) { read in
            #expect(read.message.attachments.count == 1)
        },
        MessageCase(
            "flowed text",
            "Content-Type: text/plain; format=flowed\n\nOne line \nof words.\n> quoted \n> too\n-- \nme\n"
        ) { read in
            #expect(read.message.text == "One line of words.\n> quoted too\n-- \nme")
        },
        MessageCase("enriched text", "Content-Type: text/enriched\n\n<bold>Hi</bold> <<you>\n\nthere<param>red</param>")
        { read in
            #expect(read.message.text.contains("Hi <you>"))
            #expect(!read.message.text.contains("red"))
        },
        MessageCase("nothing but a named text", "Content-Type: text/plain; name=body.txt\n\nwords") { read in
            #expect(read.message.text == "words")
            #expect(read.message.attachments.map(\.name) == ["body.txt"])
        },
        MessageCase("a body under attachment", "Content-Disposition: attachment\n\nwords") { read in
            #expect(read.message.text == "")
            #expect(read.attachment(0) == "words")
        },
    ]
}
