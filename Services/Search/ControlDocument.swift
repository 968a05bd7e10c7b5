import Domain
import Foundation
import Projection
import SearchIndex
import Storage

/// The document that says who holds a tenant's index and how far it has come. Every write says which version of it the
/// writer has seen (`if_seq_no`, `if_primary_term`), so that a holder whose term is over changes nothing any more.
actor ControlDocument {
    private let server: SearchServer
    private let id: String
    private static let index = SearchControl.index
    private static let short = Duration.seconds(10)

    private struct Version {
        var sequence: Int64
        var primaryTerm: Int64

        func isOlder(than other: Version) -> Bool {
            (primaryTerm, sequence) < (other.primaryTerm, other.sequence)
        }
    }

    private var known: (state: IndexState, version: Version)?
    /// What was written last under a term of our own.
    private var written: IndexState?
    /// Writes are made one after the other.
    private let turn = AsyncGate()

    /// Whose index it is; nil when core does not say.
    private let owner: String?

    init(server: SearchServer, alias: String, owner: String?) {
        self.server = server
        self.owner = owner
        id = alias
    }

    /// What it says now; nil when there is none.
    func read() async throws -> IndexState? { try await fetch()?.state }

    /// What its holder knows without asking.
    /// - Throws: `StorageError` with `.staleTerm` when this is not the holder's term.
    func held(_ term: Int64) async throws -> IndexState {
        if let known, known.state.term == term { return known.state }
        if let found = try await fetch() {
            guard found.state.term == term else { throw Self.stale }
            // It may have been written while it was asked for.
            if let known, known.state.term == term, !known.version.isOlder(than: found.version) { return known.state }
            known = found
            return found.state
        }
        // A server that has lost everything has lost nothing that its holder does not know.
        guard let written, written.term == term else { throw Self.stale }
        try await makeIndex()
        known = (written, try await put(written, "op_type=create"))
        return written
    }

    /// The same, asked for: a server that was killed may have forgotten what it took last.
    func confirm(_ term: Int64) async throws -> IndexState {
        try await turn.enter()
        defer { turn.leave() }
        known = nil
        return try await held(term)
    }

    /// Begins a term, and the document where there is none.
    func begin(holder: String, first: @Sendable () async throws -> IndexState) async throws -> Int64 {
        try await turn.enter()
        defer { turn.leave() }
        guard var found = try await fetch() else {
            var state = try await first()
            state.owner = owner
            try await makeIndex()
            known = (state, try await put(state, "op_type=create"))
            written = state
            return state.term
        }
        found.state.term += 1
        found.state.holder = holder
        // An index from before there were owners becomes ours.
        found.state.owner = owner ?? found.state.owner
        found.version = try await put(found.state, Self.condition(found.version))
        known = found
        written = found.state
        return found.state.term
    }

    /// Changes it under a term.
    /// - Throws: `StorageError` with `.staleTerm` when another one has written meanwhile.
    @discardableResult
    func update(_ term: Int64, _ change: @Sendable (inout IndexState) throws -> Void) async throws -> IndexState {
        try await turn.enter()
        defer { turn.leave() }
        var state = try await held(term)
        guard let version = known?.version else { throw Self.stale }
        try change(&state)
        do {
            known = (state, try await put(state, Self.condition(version)))
            written = state
        } catch {
            // Whether it was written shows when it is read again.
            known = nil
            guard let refused = error as? SearchIndexError, refused.code == .conflict || refused.code == .notFound
            else { throw error }
            throw Self.stale
        }
        return state
    }

    private static let stale = StorageError(.staleTerm, "another instance has taken over the search index")

    private func fetch() async throws -> (state: IndexState, version: Version)? {
        do {
            let answer = try await server.call("GET", "/\(Self.index)/_doc/\(id)", within: Self.short)
            guard let state = answer["_source"].flatMap(IndexState.init), let version = Self.version(answer) else {
                return nil
            }
            if let owner, let other = state.owner, other != owner {
                throw SearchIndexError(
                    .refused,
                    """
                    the search index \(id) is that of another tenant or installation (\(other)); give this one another \
                    search.alias, or remove the index and \(Self.index)/_doc/\(id)
                    """)
            }
            return (state, version)
        } catch let error as SearchIndexError {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    private func put(_ state: IndexState, _ condition: String) async throws -> Version {
        let answer = try await server.call(
            "PUT", "/\(Self.index)/_doc/\(id)?\(condition)", state.document, within: Self.short)
        guard let version = Self.version(answer) else {
            throw SearchIndexError(.refused, "the search server tells no version of what it has written")
        }
        return version
    }

    private func makeIndex() async throws {
        do {
            try await server.call(
                "PUT", "/\(Self.index)",
                [
                    "settings": ["index": ["number_of_shards": 1, "auto_expand_replicas": "0-1"]],
                    "mappings": ["dynamic": false],
                ])
        } catch let error as SearchIndexError {
            // It is there already.
            guard error.code == .refused else { throw error }
        }
    }

    private static func condition(_ version: Version) -> String {
        "if_seq_no=\(version.sequence)&if_primary_term=\(version.primaryTerm)"
    }

    private static func version(_ answer: JSONValue) -> Version? {
        guard let sequence = answer["_seq_no"]?.integerValue, let term = answer["_primary_term"]?.integerValue else {
            return nil
        }
        return Version(sequence: sequence, primaryTerm: term)
    }
}
