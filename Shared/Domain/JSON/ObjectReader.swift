/// Reads the members of one object of a document, and reports all that is wrong instead of stopping at
/// the first. A member that is absent or `null` reads as nil.
struct ObjectReader {
    let object: JSONObject
    let pointer: JSONPointer
    let problems: ProblemCollector

    /// A reader of `value`; nil, with a problem, when it is no object. Members that are not in `known`
    /// are reported.
    init?(_ value: JSONValue, at pointer: JSONPointer, known: [String], problems: ProblemCollector) {
        guard let object = value.objectValue else {
            problems.add(pointer, "Expected an object, found \(value.kindDescription).")
            return nil
        }
        self.object = object
        self.pointer = pointer
        self.problems = problems
        for (key, _) in object.members where !known.contains(key) {
            problems.add(
                pointer.appending(key), NearestName.complaint(about: key, what: "member", known: known))
        }
    }

    /// The value of that member, unless it is absent or `null`.
    func value(_ key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// Reports a problem at that member.
    func report(_ key: String, _ message: @autoclosure () -> String) {
        problems.add(pointer.appending(key), message())
    }

    /// Reports that a member is missing, unless it is there.
    func require(_ key: String, _ expected: @autoclosure () -> String) {
        if value(key) == nil { report(key, "Missing; expected \(expected()).") }
    }

    /// Reports a value of the wrong kind.
    func mismatch<Value>(_ key: String, expected: String, found: JSONValue) -> Value? {
        report(key, "Expected \(expected), found \(found.kindDescription).")
        return nil
    }

    func text(_ key: String, _ rule: TextRule) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else { return mismatch(key, expected: "a string", found: value) }
        if let problem = rule.problem(with: text) {
            report(key, problem)
            return nil
        }
        return text
    }

    func requiredText(_ key: String, _ rule: TextRule) -> String? {
        require(key, "a string")
        return text(key, rule)
    }

    func bool(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        return value.boolValue ?? mismatch(key, expected: "true or false", found: value)
    }

    func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.numberValue else { return mismatch(key, expected: "a number", found: value) }
        guard range.contains(number) else {
            report(key, "Expected a number from \(range.lowerBound) to \(range.upperBound).")
            return nil
        }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard let integer = value.integerValue, let count = Int(exactly: integer), range.contains(count) else {
            report(key, "Expected a whole number from \(range.lowerBound) to \(range.upperBound).")
            return nil
        }
        return count
    }

    /// Milliseconds.
    func duration(_ key: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = value(key) else { return nil }
        guard let duration = DurationText.milliseconds(value) else {
            report(key, "Expected a duration such as 30s, 5m, 2h, 1d, PT30S or a number of seconds.")
            return nil
        }
        guard range.contains(duration) else {
            let low = DurationText.text(milliseconds: range.lowerBound)
            report(key, "Expected a duration from \(low) to \(DurationText.text(milliseconds: range.upperBound)).")
            return nil
        }
        return duration
    }

    func instant(_ key: String, in range: Range<Instant>) -> Instant? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else { return mismatch(key, expected: "a date and time", found: value) }
        guard let instant = Instant(rfc3339: text) else {
            report(key, "Expected a date and time with its offset, such as 2026-01-02T03:04:05Z.")
            return nil
        }
        guard range.contains(instant) else {
            report(key, "Expected a date from \(range.lowerBound) until before \(range.upperBound).")
            return nil
        }
        return instant
    }

    /// The elements of a list with their places; empty when absent.
    func list(_ key: String, atMost limit: Int = 100_000) -> [(value: JSONValue, pointer: JSONPointer)] {
        guard let value = value(key) else { return [] }
        guard let elements = value.arrayValue else {
            let _: Int? = mismatch(key, expected: "a list", found: value)
            return []
        }
        guard elements.count <= limit else {
            report(key, "Expected at most \(limit) elements, found \(elements.count).")
            return []
        }
        let place = pointer.appending(key)
        return elements.enumerated().map { ($0.element, place.appending($0.offset)) }
    }

    /// A list of different texts; nil when absent. Faulty elements are reported and left out.
    func texts(_ key: String, _ rule: TextRule) -> [(text: String, pointer: JSONPointer)]? {
        guard value(key) != nil else { return nil }
        var texts: [(text: String, pointer: JSONPointer)] = []
        var seen: Set<String> = []
        for (element, place) in list(key) {
            guard let text = element.stringValue else {
                problems.add(place, "Expected a string, found \(element.kindDescription).")
                continue
            }
            if let problem = rule.problem(with: text) {
                problems.add(place, problem)
            } else if !seen.insert(text).inserted {
                problems.add(place, "\(NearestName.quoted(text)) is listed twice; list it once.")
            } else {
                texts.append((text, place))
            }
        }
        return texts
    }
}
