/// One thing that is wrong with a document or a body.
public struct DocumentProblem: Sendable, Hashable, CustomStringConvertible {
    /// JSON pointer to the place: `/categories/0/schema`; empty for the whole document.
    public var path: String
    /// What was expected there, and what to do.
    public var message: String

    /// A problem at that place.
    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// Place and message on one line.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// Everything that is wrong with a document or a body; never empty.
public struct DocumentProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problems in the order of the document.
    public var problems: [DocumentProblem]

    /// These problems.
    public init(_ problems: [DocumentProblem]) { self.problems = problems }

    /// One problem.
    public init(path: String, message: String) { problems = [DocumentProblem(path: path, message: message)] }

    /// One line for each problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// A problem of a request's or command's body.
public typealias BodyProblem = DocumentProblem
/// Everything that is wrong with a request's or command's body.
public typealias BodyProblems = DocumentProblems
/// A problem of a tenant's configuration.
public typealias ConfigurationProblem = DocumentProblem
/// Everything that is wrong with a tenant's configuration.
public typealias ConfigurationProblems = DocumentProblems

/// Gathers problems while one document is read; it lives no longer than that reading.
final class ProblemCollector {
    private(set) var problems: [DocumentProblem] = []
    private var left: Int

    /// A collector that keeps so many problems and only counts the others.
    init(keeping limit: Int = 200) { left = limit }

    func add(_ pointer: JSONPointer, _ message: @autoclosure () -> String) {
        left -= 1
        guard left >= 0 else { return }
        problems.append(DocumentProblem(path: pointer.description, message: message()))
    }

    func add(_ others: [DocumentProblem]) {
        if !others.isEmpty { add(DocumentProblems(others)) }
    }

    func add(_ others: DocumentProblems) {
        left -= others.problems.count
        if left >= 0 { problems += others.problems }
    }

    /// Nothing, or everything that was gathered.
    func check() throws(DocumentProblems) {
        guard !problems.isEmpty else { return }
        guard left < 0 else { throw DocumentProblems(problems) }
        let rest = DocumentProblem(path: "", message: "There are \(-left) more problems; correct these first.")
        throw DocumentProblems(problems + [rest])
    }
}
