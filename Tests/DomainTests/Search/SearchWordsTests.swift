import Domain
import Testing

@Suite("Search: words")
struct SearchWordsTests {
    @Test(
        "Letters and digits make words; case, accents and forms do not count",
        arguments: [
            ("Router is DEAD", ["router", "is", "dead"]), ("INC-0017/b", ["inc", "0017", "b"]),
            ("Åsa Öberg, Malmö", ["asa", "oberg", "malmo"]), ("ｍａｌｍö", ["malmo"]), ("cafe\u{301}", ["cafe"]),
            ("kim.lee+tag@example.com", ["kim", "lee", "tag", "example", "com"]), ("don't", ["don", "t"]),
            ("Straße", ["straße"]), ("Ελλάδα", ["ελλαδα"]), ("12.5%", ["12", "5"]), ("ﬁne", ["fine"]),
            ("東京タワー", ["東", "京", "タ", "ワ", "ー"]), ("a東b", ["a", "東", "b"]), ("", []), ("-- ;'", []), ("½", ["12"]),
            ("err_conn_reset", ["err", "conn", "reset"]),
        ])
    func words(_ text: String, _ expected: [String]) {
        #expect(SearchWords.words(of: text) == expected)
    }

    @Test("Every word stands where the text says, and is as long as it may be")
    func places() {
        let text = "Ein Fluß, zwei Flüsse – e\u{301}té " + String(repeating: "ü", count: 100)
        for found in SearchWords.occurrences(in: text, limit: 100) {
            #expect(SearchWords.words(of: String(text[found.range])) == [found.word])
            #expect(found.word.utf8.count <= SearchWords.longest)
        }
        #expect(SearchWords.occurrences(in: text, limit: 2).map(\.word) == ["ein", "fluß"])
    }

    @Test(
        "Fields' names",
        arguments: [
            ("Order No.", "order_no"), ("customer", "customer"), ("order_no", "order_no"), ("Größe", "große"),
            ("MÜLL", "mull"), ("…", ""),
        ])
    func keys(_ name: String, _ key: String) { #expect(SearchWords.key(ofField: name) == key) }
}
