import Domain
import Projection
import SearchIndex
import Storage

/// Building an index beside the one that serves.
extension IndexTarget {
    func wantsRebuild() async throws -> Bool {
        guard let state = try await control.read(), state.serving.walked == nil else { return false }
        // Not only more: a database that was restored begins to count anew.
        return state.rebuilt != wishes.count || state.serving.format != SearchMapping.format || state.next != nil
    }

    /// The new index, once all items are in it.
    func beginRebuild(fence: TermFence) async throws -> any ProjectionTarget {
        var next = try await control.held(fence.term).next
        if let begun = next, try await !isThere(begun) {
            logger.warning("the index that was being built is gone; another one is filled")
            next = nil
        }
        if next == nil {
            let index = try await makeIndex()
            try await control.update(fence.term) { $0.next = index }
        }
        try await walk(fence, in: \.next)
        return NextIndex(target: self)
    }

    /// The alias goes to the new index in one step; the old one is taken away.
    func finishRebuild(_ next: any ProjectionTarget, fence: TermFence) async throws {
        let state = try await control.held(fence.term)
        guard let new = state.next else { return }
        guard new.walked == nil else {
            throw ProjectionError(
                .progressMoved, "the new search index lacks what the feed no longer told; it is filled again")
        }
        try await serve(new)
        let wished = wishes.count
        try await control.update(fence.term) {
            $0.serving = new
            $0.next = nil
            $0.rebuilt = wished
        }
        // Searches find the new one already; what is left over is taken away later.
        _ = try? await server.call("DELETE", "/\(state.serving.index)")
    }

    /// Puts the alias onto an index. Nothing else has it afterwards; with no index nothing has it.
    func serve(_ index: IndexProgress?) async throws {
        var actions: [JSONValue] = []
        for other in try await indices() where other != index?.index {
            actions.append(["remove": ["index": .string(other), "alias": .string(configuration.alias)]])
        }
        if let index {
            actions.append(["add": ["index": .string(index.index), "alias": .string(configuration.alias)]])
        }
        if actions.isEmpty { return }
        try await server.call("POST", "/_aliases", ["actions": .array(actions)])
    }

    /// The indices that the alias stands for.
    func indices() async throws -> [String] {
        do {
            return try await server.call("GET", "/_alias/\(configuration.alias)").objectValue?.keys ?? []
        } catch let error as SearchIndexError {
            guard error.code == .notFound else { throw error }
            return []
        }
    }

    /// Indices that are neither in use nor being built, as a switch or the making of one was cut short. Erasure does not
    /// reach what they hold.
    func leftovers(_ fence: TermFence) async throws -> Set<String> {
        let prefix = "\(configuration.alias)-"
        let found = try await server.call("GET", "/\(prefix)*/_alias").objectValue?.members ?? []
        let state = try await control.confirm(fence.term)
        let ours = found.filter { name, index in
            // `ALIAS-STAMP`: another tenant's alias may begin as ours does.
            guard name.hasPrefix(prefix), name.hasSuffix("-write") || index["aliases"]?["\(name)-write"] != nil else {
                return false
            }
            // An index of the name `ALIAS-STAMP-write` was made by the server when something was to be taken out of one
            // that was gone.
            let stamp = name.dropFirst(prefix.count)
            return !(stamp.hasSuffix("-write") ? stamp.dropLast("-write".count) : stamp).contains("-")
        }
        return Set(ours.map(\.key)).subtracting([state.serving.index, state.next?.index].compactMap { $0 })
    }

    /// Takes indices away.
    func remove(_ indices: Set<String>) async throws {
        for index in indices {
            try await server.call("DELETE", "/\(index)")
            logger.notice("an index that was left over is removed", metadata: ["index": "\(index)"])
        }
    }

    /// Whether the server has the index.
    func isThere(_ index: IndexProgress) async throws -> Bool {
        do {
            try await server.call("GET", "/\(index.index)")
            return true
        } catch let error as SearchIndexError {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    /// Writes all items, page by page, from where an earlier walk has come to.
    func walk(_ fence: TermFence, in path: WritableKeyPath<IndexState, IndexProgress?> & Sendable) async throws {
        while let index = try await control.held(fence.term)[keyPath: path], let last = index.walked {
            try Task.checkCancellation()
            let page = try await items.items(after: last)
            try await WriteDocuments(server: server, alias: index.writeAlias, logger: logger)
                .write(page.records, version: WriteDocuments.version(at: page.position))
            let walked = page.next
            try await control.update(fence.term) { $0[keyPath: path]?.walked = walked }
        }
    }
}

extension IndexState {
    /// The index that serves, for what is done to either.
    var first: IndexProgress? {
        get { serving }
        set { if let newValue { serving = newValue } }
    }

    /// The index that is being built; there is one whenever this is asked.
    var second: IndexProgress {
        get { next ?? serving }
        set { next = newValue }
    }
}

/// The index that is being built, as a target.
struct NextIndex: ProjectionTarget {
    let target: IndexTarget

    func progress() async throws -> ProjectionProgress {
        guard let next = try await target.control.read()?.next else {
            throw ProjectionError(.progressMoved, "the new index has taken its place already")
        }
        return next.projection
    }

    func apply(
        _ events: [ProjectedEvent], after: Int64, progress: ProjectionProgress, fence: TermFence
    ) async throws {
        try await target.apply(events, after: after, progress, fence, to: \.second)
    }

    func nextTerm(holder: String) async throws -> Int64 { try await target.nextTerm(holder: holder) }
}
