import EmailMessages
import Testing

/// HTML of strangers.
struct HTMLSanitizerTests {
    @Test(arguments: [
        "<script>alert(1)</script>x", "<SCRIPT SRC=http://e.x/a.js></SCRIPT>", "<scr<script>ipt>alert(1)</script>",
        "<img src=x onerror=alert(1)>", "<img src=\"javascript:alert(1)\">", "<body onload=alert(1)>x",
        "<a href=\"javascript:alert(1)\">x</a>", "<a href=\" jav&#x09;ascript:alert(1)\">x</a>",
        "<a href=\"&#106;avascript:alert(1)\">x</a>", "<a href=\"vbscript:x\">x</a>",
        "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>", "<svg onload=alert(1)><script>1</script></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<iframe src=\"http://e.x\">i</iframe>",
        "<object data=\"http://e.x\"></object>", "<embed src=\"http://e.x\">", "<applet code=x></applet>",
        "<link rel=stylesheet href=\"http://e.x/a.css\">", "<meta http-equiv=refresh content=\"0;url=http://e.x\">",
        "<base href=\"http://e.x\">", "<form action=\"http://e.x\"><input name=a><button>Go</button></form>",
        "<style>@import 'http://e.x/a.css'; body{background:url(http://e.x)}</style>",
        "<div style=\"background:url(http://e.x/a.png)\">x</div>",
        "<div style=\"background-image: url(//e.x)\">x</div>",
        "<div style=\"width: expression(alert(1))\">x</div>", "<div style=\"color: \\75 rl(http://e.x)\">x</div>",
        "<div style=\"behavior: url(x.htc)\">x</div>", "<div style=\"color:red;}</style><script>1</script>\">x</div>",
        "<table background=\"http://e.x/b.png\"><tr><td background=http://e.x>x</table>",
        "<img srcset=\"http://e.x/2x.png 2x\" src=\"http://e.x/1.png\">",
        "<video poster=\"http://e.x\"><source src=\"http://e.x\"></video>",
        "<img src=\"//e.x/track.gif\">", "<img src=\"/local.gif\">", "<img src=\"data:image/svg+xml;base64,PHN2Zz4=\">",
        "<noscript><img src=\"http://e.x/t.gif\"></noscript>", "<!--[if IE]><script>1</script><![endif]-->x",
        "<![CDATA[<script>alert(1)</script>]]>", "<xmp><script>alert(1)</script></xmp>",
        "<plaintext><script>alert(1)</script>", "<textarea><script>alert(1)</script></textarea>",
        "<title><script>alert(1)</script></title>", "<template><script>1</script></template>",
        "<p title=\"a&quot; onclick=&quot;alert(1)\">x</p>", "<a name=x id=y class=z>x</a>",
        "<a href=\"http://ok.example/\" onclick=\"alert(1)\" style=\"position:fixed;top:0\">x</a>",
        "<?php echo 1 ?>x", "<script", "<img src=\"", "<a href='", "</script><script>x", "<b><i></b></i>",
        "<img src=\"cid:a\" onload=alert(1)>", "<img lowsrc=\"http://e.x\" dynsrc=\"http://e.x\">",
        "\u{FFFD}<script>x</script>", "<div style=\"font-family: '</style><script>'\">x",
        "<a href=\"http://ok.example/`x\">`</a>",
    ])
    func nothingDangerousStays(_ html: String) {
        let result = HTMLSanitizer.sanitize(html).html.lowercased()
        for word in [
            "<script", "onerror", "onload", "onclick", "javascript:", "vbscript:", "expression(", "url(", "<svg",
            "<math", "<iframe", "<object", "<embed", "<link", "<meta", "<base", "<form", "<input", "<style", "<xmp",
            "http://e.x", "//e.x", "data:text", "svg+xml", "srcset", "<!--", "<![", "position", "@import", " id=",
            " class=", " name=", "<?php", "/local.gif",
        ] {
            // quoted as text it is harmless
            let isMarkup = word.hasPrefix("<") || result.contains("<") && !result.contains("&lt;")
            if isMarkup { #expect(!result.contains(word), "\(html) → \(result)") }
        }
        expectPlainMarkup(result, of: html)
    }

    /// Expects nothing but tags of the allow-list, with quoted attributes of it, and escaped text.
    private func expectPlainMarkup(_ result: String, of html: String) {
        let elements = Set(
            """
            a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details
            dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p
            pre q s samp section small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr
            """.split { $0 == " " || $0 == "\n" }.map(String.init))
        let tag = #/^(/?)([a-z0-9]+)((?: [a-z]+="[^"<>]*")*)>([^<>]*)$/#
        for piece in result.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
            guard let match = piece.wholeMatch(of: tag) else {
                Issue.record("\(piece) in \(result) of \(html)")
                continue
            }
            #expect(elements.contains(String(match.output.2)), "\(piece) of \(html)")
            for attribute in String(match.output.3).matches(of: #/ ([a-z]+)="([^"]*)"/#) {
                let name = attribute.output.1
                #expect(
                    !name.hasPrefix("on") && name != "id" && name != "class" && name != "name", "\(piece) of \(html)")
                if name == "src" {
                    #expect(attribute.output.2.hasPrefix("cid:") || attribute.output.2.hasPrefix("data:image/"))
                }
                if name == "href" { #expect(attribute.output.2.contains(#/^\s*(https?|mailto|tel):/#)) }
            }
        }
        #expect(!result.utf8.contains(0))
    }

    @Test func whatIsHarmlessStays() {
        let html = """
            <html><head><title>T</title></head><body bgcolor=white><h1 align="center">Hi &amp; hello</h1>
            <p style="color: #123; Font-Size: 12px; position: absolute">A <b>bold</b> <a href="https://x.y/?a=1&amp;b=2">link</a></p>
            <table width="100%" border=1><tr><td colspan="2" bgcolor="#fff">cell</td></tr></table>
            <img src="cid:logo@x" alt="Logo" width=10><img src="data:image/png;base64,iVBORw0KGgo="></body></html>
            """
        let result = HTMLSanitizer.sanitize(html)
        #expect(result.html.contains("<h1 align=\"center\">Hi &amp; hello</h1>"))
        #expect(result.html.contains("style=\"color: #123; font-size: 12px\""))
        #expect(
            result.html.contains(
                "href=\"https://x.y/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\" target=\"_blank\""))
        #expect(result.html.contains("<td colspan=\"2\" bgcolor=\"#fff\">cell</td>"))
        #expect(result.html.contains("<img src=\"cid:logo@x\" alt=\"Logo\" width=\"10\">"))
        #expect(result.html.contains("data:image/png;base64,"))
        #expect(!result.html.contains("<title>") && !result.html.contains(">T<"))
        #expect(result.contentIds == ["logo@x"])
        #expect(result.blockedRemoteContents == 0)
        #expect(result.text.hasPrefix("Hi & hello"))
    }

    @Test func remoteContentsAreCounted() {
        let result = HTMLSanitizer.sanitize("<img src=http://a.b/1.gif alt=One><img src=\"https://a.b/2.gif\">")
        #expect(result.blockedRemoteContents == 2)
        #expect(result.html.contains("alt=\"One\""))
    }

    @Test(arguments: [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "- x\n- y"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>mine</p><blockquote><p>theirs</p><p>more</p></blockquote>", "mine\n\n> theirs\n>\n> more"),
        ("<html><body>a</body></html><p>b</p><html><body>c</body></html>", "a\n\nb\n\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("  a \n\t b &nbsp; c ", "a b c"),
        ("<span style='display:none'>preview&zwnj;</span>shown", "shown"),
        ("&lt;b&gt; &euro; &#x1F600; &copy;", "<b> € 😀 ©"),
        ("日本 <b>語</b>", "日本 語"),
        ("<style>p{}</style><script>x</script>text", "text"),
        ("<meta charset=iso-8859-1><p>Größe</p>", "Größe"),
    ])
    func textIsWhatAReaderSees(_ html: String, _ expected: String) {
        #expect(HTMLSanitizer.sanitize(html).text == expected)
    }

    @Test func depthAndSizeAreBounded() {
        let deep = HTMLSanitizer.sanitize(String(repeating: "<div>", count: 100_000) + "x")
        #expect(deep.isShortened)
        let mixed = HTMLSanitizer.sanitize(
            String(repeating: "<b>", count: 50_000) + String(repeating: "</i>", count: 50_000))
        #expect(mixed.isShortened)
        let wide = HTMLSanitizer.sanitize(String(repeating: "<p>word</p>", count: 100_000), textLimit: 1_000)
        #expect(wide.text.utf8.count <= 1_010)
        #expect(wide.isShortened)
    }

    @Test(arguments: 1...4) func anyMarkupBecomesHarmless(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "<", ">", "\"", "'", "=", "/", " ", "script", "<script>", "</script>", "<img src=", "onerror=",
            "javascript:",
            "<!--", "-->", "<style>", "</style>", "<svg>", "<a href=", "x", "&", "&#", "&lt;", ";", "<table>", "<td>",
            "</p>", "\u{0}", "é", "<title>", "<textarea>", "<![CDATA[", "]]>", "style=", "url(", "cid:", "<math>", "`",
        ]
        for _ in 0..<1_500 {
            let html = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            let result = HTMLSanitizer.sanitize(html)
            expectPlainMarkup(result.html, of: html)
            // nor does it mean anything else to a parser: the text stays the same
            let again = HTMLSanitizer.sanitize(result.html)
            func words(_ text: String) -> String { text.filter { !$0.isWhitespace && $0 != ">" && $0 != "-" } }
            #expect(words(again.text) == words(result.text), "\(html.debugDescription)")
        }
    }
}
