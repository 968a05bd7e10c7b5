import Domain
import Testing

func curve(_ points: (Int64, Double)...) throws -> Curve {
    try Curve(points: points.map { CurvePoint(age: $0.0, priority: $0.1) })
}

@Suite("Priority curves")
struct CurveTests {
    @Test("is linear between points and constant outside")
    func linear() throws {
        let curve = try curve((0, 100), (10, 200), (20, 0))
        let expected: [(Int64, Double)] = [
            (.min, 100), (-5, 100), (0, 100), (1, 110), (9, 190), (10, 200), (15, 100), (20, 0), (.max, 0),
        ]
        for (age, priority) in expected { #expect(curve.priority(atAge: age) == priority) }
    }

    @Test("takes a jump from the right; of several points at one age the last counts")
    func jumps() throws {
        let curve = try curve((0, 1), (0, 2), (10, 2), (10, 50), (10, 7), (20, 7), (20, 9))
        for (age, priority) in [(-1, 1.0), (0, 2), (9, 2), (10, 7), (19, 7), (20, 9), (21, 9)] as [(Int64, Double)] {
            #expect(curve.priority(atAge: age) == priority)
        }
        #expect(curve.neverFalls)
    }

    @Test("refuses what is not a curve")
    func refuses() {
        #expect(throws: CurveError.noPoints) { try curve() }
        #expect(throws: CurveError.agesOutOfOrder(index: 2)) { try curve((0, 1), (5, 2), (4, 3)) }
        #expect(throws: CurveError.priorityOutOfRange(index: 1)) { try curve((0, 1), (5, .nan)) }
        #expect(throws: CurveError.priorityOutOfRange(index: 0)) { try curve((0, -.infinity), (5, 1)) }
        #expect(throws: CurveError.ageOutOfRange(index: 0)) { try curve((.min, 1)) }
        #expect(throws: CurveError.fallsTooSlowly(index: 1)) { try curve((0, 1), (1_000_000_000, 1 - 1e-15)) }
        #expect(throws: CurveError.tooManyPoints(201)) {
            try Curve(points: (0...200).map { CurvePoint(age: Int64($0), priority: 0) })
        }
        #expect(throws: Never.self) { try Curve(points: (0..<200).map { CurvePoint(age: Int64($0), priority: 0) }) }
        #expect(throws: Never.self) { try curve((0, 1e300), (1, -1e300)) }
    }

    @Test("rounding never turns a rise into a fall, nor stops a fall")
    func rounding() throws {
        var random = SeededRandom(seed: 21)
        for _ in 0..<2000 {
            let length = Int64.random(in: 1...1_000_000_000_000, using: &random)
            let low = Double.random(in: -1000...1000, using: &random)
            let high = low + Double.random(in: 0...1, using: &random)
            let rising = try curve((0, low), (length, high))
            let falling = try? curve((0, high), (length, low))
            for _ in 0..<50 {
                let age = Int64.random(in: 0..<length, using: &random)
                #expect(rising.priority(atAge: age) <= rising.priority(atAge: age + 1))
                guard let falling else { continue }
                #expect(falling.priority(atAge: age) > falling.priority(atAge: age + 1))
            }
        }
    }
}
