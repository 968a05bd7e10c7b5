import Foundation
import Storage
import Testing

struct IdentifiersTests {
    @Test func identifiersRiseAlsoAcrossTasks() async {
        var all: [String] = []
        for _ in 0..<20_000 { all.append(UUIDv7.next().hexText) }
        #expect(all == all.sorted())
        let sets = await withTaskGroup(of: Set<UUID>.self) { group in
            for _ in 0..<8 { group.addTask { Set((0..<5_000).map { _ in UUIDv7.next() }) } }
            return await group.reduce(into: Set<UUID>()) { $0.formUnion($1) }
        }
        #expect(sets.count == 40_000)
    }

    @Test func theyAreOfVersion7AndHoldTheirTime() {
        let time: Int64 = 4_000_000_000_000  // later than any other here
        let id = UUIDv7.next(milliseconds: time)
        #expect(id.millisecondsOfVersion7 == time)
        #expect(Array(id.uuidString)[14] == "7")
        #expect("89AB".contains(Array(id.uuidString)[19]))
        // the clock was set back
        #expect(UUIDv7.next(milliseconds: time - 1000).hexText > id.hexText)
    }

    @Test func hexTextIsReadBack() {
        let id = UUID()
        #expect(id.hexText == id.uuidString.replacing("-", with: "").lowercased())
        #expect(UUID(hexText: id.hexText) == id)
        #expect(UUID(hexText: id.hexText.uppercased()) == id)
        for wrong in ["", "0", id.uuidString, id.hexText + "0", String(repeating: "g", count: 32)] {
            #expect(UUID(hexText: wrong) == nil)
        }
    }

    @Test func theUsualFormIsReadAsFoundationReadsIt() {
        for _ in 0..<1000 {
            let id = UUID()
            #expect(UUID(dashedText: id.uuidString) == id)
            #expect(UUID(dashedText: id.uuidString.lowercased()) == id)
        }
        let text = UUID().uuidString
        for wrong in ["", text + "0", String(text.dropLast()), UUID().hexText, "{\(text.dropFirst(2))}"] {
            #expect(UUID(dashedText: wrong) == nil)
        }
        for index in text.indices {
            #expect(UUID(dashedText: text.replacingCharacters(in: index...index, with: "g")) == nil)
            let swapped = text[index] == "-" ? "0" : "-"
            #expect(UUID(dashedText: text.replacingCharacters(in: index...index, with: swapped)) == nil)
        }
    }
}
