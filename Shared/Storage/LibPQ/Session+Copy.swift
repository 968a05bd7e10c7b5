import CLibPQ
import Glibc

extension Session {
    /// Copies rows in; libpq cannot do this in pipeline mode.
    func copy(into target: String, rows: BinaryRows) throws(Failure) -> Int {
        let sql = "COPY \(target) FROM STDIN (FORMAT binary)"
        return try outsidePipeline(sql) { () throws(Failure) in
            guard PQsendQuery(handle, sql) == 1 else { throw lost() }
            guard let first = try nextResult() else { throw lost() }
            let status = PQresultStatus(first)
            let failure = status == PGRES_COPY_IN ? nil : refusal(first, operation: nil, sql: sql)
            PQclear(first)
            if let failure {
                _ = try drain(sql)
                throw failure
            }
            try put(rows.bytes)
            try put([0xFF, 0xFF])  // the trailer
            while true {
                let state = PQputCopyEnd(handle, nil)
                if state < 0 { throw lost() }
                if state == 1 { break }
                try wait(for: POLLOUT)
            }
            return try drain(sql)
        }
    }

    /// Runs several statements by the simple protocol; stops at the first that fails.
    func script(_ sql: String) throws(Failure) {
        _ = try outsidePipeline(sql) { () throws(Failure) in
            guard PQsendQuery(handle, sql) == 1 else { throw lost() }
            return try drain(sql)
        }
    }

    private func outsidePipeline<T>(_ sql: String, _ body: () throws(Failure) -> T) throws(Failure) -> T {
        guard PQexitPipelineMode(handle) == 1 else { throw lost() }
        notices.statements = [SQLStatement(sql)]
        defer { notices.statements = [] }
        let outcome: Result<T, Failure>
        do throws(Failure) { outcome = .success(try body()) } catch { outcome = .failure(error) }
        if case .failure(.lost(let error, let wasSent)) = outcome { throw .lost(error, wasSent: wasSent) }
        guard PQenterPipelineMode(handle) == 1 else { throw lost() }
        return try outcome.get()
    }

    private func put(_ bytes: [UInt8]) throws(Failure) {
        // pieces, so that libpq's own buffer stays small
        let piece = 1 << 18
        var start = 0
        while start < bytes.count {
            let end = min(start + piece, bytes.count)
            let state = bytes[start..<end].withUnsafeBytes {
                PQputCopyData(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(end - start))
            }
            if state < 0 { throw lost() }
            if state == 1 {
                start = end
                try flush()
            } else {
                try wait(for: POLLOUT)
            }
        }
    }

    private func flush() throws(Failure) {
        while true {
            let unsent = PQflush(handle)
            if unsent < 0 { throw lost() }
            if unsent == 0 { return }
            try wait(for: POLLIN | POLLOUT)
            if PQconsumeInput(handle) == 0 { throw lost() }
        }
    }

    /// Reads results to the end; the number of rows of the last one, or the first failure.
    private func drain(_ sql: String) throws(Failure) -> Int {
        var failure: Failure?
        var rows = 0
        while let result = try nextResult() {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                rows = Int(String(cString: PQcmdTuples(result))) ?? 0
            default:
                if failure == nil { failure = refusal(result, operation: nil, sql: sql) }
                guard PQstatus(handle) == CONNECTION_OK else { break }
            }
        }
        if let failure { throw failure }
        guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
        return rows
    }
}
