import Domain
import Testing

@Suite("Search: what is asked for")
struct SearchQueryTests {
    typealias Term = SearchQuery.Term

    @Test(
        "The grammar",
        arguments: [
            ("router broken", [Term(words: ["router"]), Term(words: ["broken"])]),
            ("\"Router is\" broken", [Term(words: ["router", "is"]), Term(words: ["broken"])]),
            ("rout*", [Term(words: ["rout"], isPrefix: true)]),
            ("\"big rou\"*", [Term(words: ["big", "rou"], isPrefix: true)]),
            ("-spam", [Term(words: ["spam"], isExcluded: true)]),
            ("-product:modem", [Term(field: "product", words: ["modem"], isExcluded: true)]),
            ("customer:\"Åsa Öberg\"", [Term(field: "customer", words: ["asa", "oberg"])]),
            ("captureId:INC-17", [Term(field: "captureid", words: ["inc", "17"])]),
            ("order_no:7*", [Term(field: "order_no", words: ["7"], isPrefix: true)]),
            ("a a", [Term(words: ["a"])]), ("“two words”", [Term(words: ["two", "words"])]),
            ("at 12:30", [Term(words: ["at"]), Term(words: ["12", "30"])]),
            ("https://x.org/y", [Term(words: ["https", "x", "org", "y"])]),
            ("Re: hello", [Term(words: ["re"]), Term(words: ["hello"])]),
            ("';%_\\--", []), ("\"", []), ("-", []), ("  ", []), ("\"open end", [Term(words: ["open", "end"])]),
        ])
    func grammar(_ text: String, _ terms: [Term]) throws { #expect(try SearchQuery(text).terms == terms) }

    @Test("Too many words are refused")
    func length() throws {
        let words = (1...32).map { "w\($0)" }.joined(separator: " ")
        #expect(try SearchQuery(words).terms.count == 32)
        #expect(throws: SearchQuery.Problem.self) { try SearchQuery(words + " more") }
    }
}

@Suite("Search: what is found")
struct SearchMatchTests {
    private let document = SearchDocument(
        captureId: "INC-0017",
        attributes: [
            "product": "Router 7", "tags": ["broken", "wifi down"], "open": true, "count": 3, "Order No.": "AB-9",
        ],
        messages: [
            SearchDocument.Message(
                id: "m2", subject: "Re: router dead", text: "It is still\nbroken, please help.",
                from: ["Kim Lee kim@example.org"],
                to: ["support@example.com"])
        ])

    @Test(
        "Score by zones; nil when something is missing",
        arguments: [
            ("router", 6), ("inc-0017", 8), ("0017 broken", 11), ("captureId:0017", 8), ("subject:router", 4),
            ("product:router", 2), ("text:broken", 1), ("text:kim", 1), ("from:kim", 1), ("to:support@example.com", 1),
            ("rout*", 6), ("\"router dead\"", 4), ("\"wifi down\"", 2), ("open:true", 2), ("count:3", 2),
            ("order_no:ab-9", 2), ("router -modem", 6),
        ])
    func scores(_ query: String, _ score: Int) throws {
        #expect(SearchMatch(try SearchQuery(query), in: document)?.score == score)
    }

    @Test(
        "Not found",
        arguments: [
            "modem", "product:dead", "\"broken wifi\"", "\"dead router\"", "router -dead", "from:support",
            "captureId:router",
            "-router", "text:router", "subject:help", ";--", "0017 modem", "\"is broken\"",
        ])
    func nothing(_ query: String) throws { #expect(SearchMatch(try SearchQuery(query), in: document) == nil) }

    @Test("Who may not read messages finds nothing in them, and is not told that a word is there")
    func zones() throws {
        let zones = SearchZone.withoutMessages
        #expect(SearchMatch(try SearchQuery("router"), in: document, zones: zones)?.score == 2)
        #expect(SearchMatch(try SearchQuery("dead"), in: document, zones: zones) == nil)
        #expect(SearchMatch(try SearchQuery("router -dead"), in: document, zones: zones)?.score == 2)
    }

    @Test("Snippets: text and found text in turn")
    func snippets() throws {
        let match = try #require(SearchMatch(try SearchQuery("\"still broken\" router help"), in: document))
        #expect(
            match.found.map { [$0.part.name] + SearchSnippet($0).pieces } == [
                ["email/subject", "Re: ", "router", " dead"], ["attributes/product", "", "Router", " 7"],
                ["email/text", "It is ", "still broken", ", please ", "help", "."],
            ])
        let long = SearchDocument(
            captureId: "1",
            attributes: [
                "note": .string(
                    String(repeating: "so much ", count: 50) + "gold" + String(repeating: " to tell", count: 50))
            ],
            messages: [])
        let found = try #require(SearchMatch(try SearchQuery("gold"), in: long)?.found.first)
        let pieces = SearchSnippet(found).pieces
        #expect(pieces.count == 3 && pieces[1] == "gold")
        #expect(pieces[0].hasPrefix("…much so") || pieces[0].hasPrefix("…so"))
        #expect(pieces[2].hasSuffix("…") && pieces.joined().count < 250)
    }

    @Test("A found phrase between whose words much lies is cut")
    func longPhrase() throws {
        let text = "x" + String(repeating: " -", count: 70_000) + " y"
        let document = SearchDocument(captureId: "1", attributes: ["note": .string(text)], messages: [])
        let found = try #require(SearchMatch(try SearchQuery("\"x y\""), in: document)?.found.first)
        let pieces = SearchSnippet(found).pieces
        #expect(pieces.count == 2 && pieces[1].hasPrefix("x -") && pieces[1].hasSuffix("…"))
        #expect(pieces.joined().count < 250)
    }

    @Test("No document is larger than an index takes, and no phrase goes from one part to the next")
    func limits() {
        let words = (0..<60_000).map { "word\($0)" }.joined(separator: " ")
        let large = SearchDocument(
            captureId: "1", attributes: ["a": "x", "b": "y"],
            messages: [SearchDocument.Message(id: "m", subject: "", text: words, from: [], to: [])])
        let terms = SearchTerms(large)
        #expect(terms.runs.last?.words.count ?? 0 > 10_000)
        #expect(terms.entries.allSatisfy { $0.place < 16_383 })
        #expect(terms.entries.reduce(0) { $0 + $1.text.utf8.count + 4 } < 900_000)
        let places = terms.runs.map { $0.place..<($0.place + $0.words.count) }
        for (one, next) in zip(places, places.dropFirst()) { #expect(next.lowerBound == one.upperBound + 1) }
    }
}
