import CLibPQ

extension Session {
    /// What was sent, in order; each gets one answer.
    private enum Step {
        case prepare(PreparedStatements.Plan, sql: String, operation: Int)
        case execute(operation: Int)
    }

    /// Runs statements in one round trip and returns their results.
    ///
    /// Without BEGIN among them they are one transaction, which the server commits at the end.
    func pipeline(_ statements: [SQLStatement]) throws(Failure) -> [SQLResult] {
        if !isInTransaction { try renewPlans() }
        return try perform(statements)
    }

    private func perform(_ statements: [SQLStatement]) throws(Failure) -> [SQLResult] {
        notices.statements = statements
        defer { notices.statements = [] }
        let steps = try send(statements)
        var results: [SQLResult] = []
        results.reserveCapacity(statements.count)
        var refusal: Failure?
        for step in steps {
            do {
                let result = try answer(to: step, of: statements)
                if case .execute = step, refusal == nil { results.append(result) }
            } catch .refused(let error, let operation) {
                // The rest answers that it was skipped.
                if refusal == nil { refusal = .refused(error, operation: operation) }
            }
        }
        try synchronise()
        if let refusal { throw refusal }
        return results
    }

    private func send(_ statements: [SQLStatement]) throws(Failure) -> [Step] {
        var steps: [Step] = []
        steps.reserveCapacity(statements.count + 2)
        var fresh: [String: PreparedStatements.Plan] = [:]
        for (index, statement) in statements.enumerated() {
            var plan = prepared.plan(for: statement)
            if plan == nil, let new = fresh[statement.sql], new.fits(statement.parameters) { plan = new }
            if plan == nil {
                let new = prepared.newPlan(for: statement)
                let sent = PQsendPrepare(handle, new.name, statement.sql, Int32(clamping: new.types.count), new.types)
                if sent == 0 { throw lost(wasSent: false) }
                steps.append(.prepare(new, sql: statement.sql, operation: index))
                fresh[statement.sql] = new
                plan = new
            }
            guard let plan, parameters.send(statement.parameters, to: plan.name, on: handle) else {
                throw lost(wasSent: false)
            }
            steps.append(.execute(operation: index))
        }
        if PQpipelineSync(handle) == 0 { throw lost() }
        return steps
    }

    private func answer(to step: Step, of statements: [SQLStatement]) throws(Failure) -> SQLResult {
        let operation =
            switch step {
            case .prepare(_, _, let operation), .execute(let operation): operation
            }
        var answer: Result<SQLResult, Failure>?
        while let result = try nextResult() {
            defer { PQclear(result) }
            if answer != nil { continue }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if case .prepare(let plan, let sql, _) = step { prepared.add(plan, for: sql) }
                answer = .success(SQLResult(copying: result))
            case PGRES_PIPELINE_ABORTED:
                answer = .failure(.refused(StorageError(.other, "skipped after an error"), operation: operation))
            default:
                answer = .failure(refusal(result, operation: operation, sql: statements[operation].sql))
            }
        }
        guard let answer else { throw lost() }
        if case .failure(.lost) = answer { return try answer.get() }
        guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
        return try answer.get()
    }

    /// What an error means; some end the connection or outdate what was prepared.
    func refusal(_ result: OpaquePointer, operation: Int?, sql: String?) -> Failure {
        let error = StorageError(result: result, sql: sql)
        switch error.code {
        case .connectionLost:
            return .lost(error, wasSent: true)
        case .stalePlan:
            // The server keeps the old ones under their old names, which are not used again.
            prepared.removeAll()
        default: break
        }
        return .refused(error, operation: operation)
    }

    /// Reads the end of the pipeline.
    private func synchronise() throws(Failure) {
        guard let result = try nextResult() else { throw lost() }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC: return
        // the commit of a transaction without BEGIN has failed
        case PGRES_FATAL_ERROR:
            let failure = refusal(result, operation: nil, sql: nil)
            while let next = try nextResult() {
                let status = PQresultStatus(next)
                PQclear(next)
                if status == PGRES_PIPELINE_SYNC { throw failure }
            }
            if case .refused = failure, let next = try nextResult() { PQclear(next) }
            throw failure
        default: throw lost()
        }
    }

    /// Starts afresh when too much is prepared, and has plans made anew that are older than `replanAfter`.
    ///
    /// The server makes a statement's general plan once. Made while a table was empty, it is kept while the table grows,
    /// until it happens to be analysed: an update of 90 rows by id took 163 ms at 20,000 rows instead of 2.
    private func renewPlans() throws(Failure) {
        if prepared.count > settings.preparedStatements {
            prepared.removeAll()
            plansMadeSince = .now
            _ = try perform([SQLStatement("DEALLOCATE ALL")])
            // it has dropped itself
            prepared.removeAll()
        } else if plansMadeSince.duration(to: .now) > settings.replanAfter {
            plansMadeSince = .now
            _ = try perform([SQLStatement("DISCARD PLANS")])
        }
    }
}
