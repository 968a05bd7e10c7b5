import CExecInfo
import Glibc

/// What a process does when it crashes: it says where and ends at once, so that whoever watches it starts another one and
/// others take over what it held.
///
/// The Swift runtime's own handler stops all threads and lets another program look at them, for half a minute and longer
/// with a program of this size, and for ever where threads of ours have signals blocked; all the while the process keeps its
/// ports and connections and answers nobody. Who wants it all the same sets `SWIFT_BACKTRACE`.
enum Crash {
    private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]

    /// To be called first of all.
    static func endsAtOnce() {
        guard getenv("SWIFT_BACKTRACE") == nil else { return }
        // The first trace loads what it needs, which a signal handler must not.
        withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: 1) {
            if let first = $0.baseAddress { backtrace(first, 1) }
        }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = tellAndEnd
        // Once: the second time is the end.
        action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_NODEFER
        for signal in signals { sigaction(signal, &action, nil) }
    }
}

/// Takes no memory and no lock, as befits a signal handler. The lines are `FILE(SYMBOL+OFFSET) [ADDRESS]`, the newest first;
/// `addr2line -fe FILE OFFSET` names the function.
private func tellAndEnd(_ signal: Int32) {
    let name: StaticString =
        switch signal {
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGABRT: "SIGABRT"
        case SIGBUS: "SIGBUS"
        case SIGFPE: "SIGFPE"
        default: "SIGSEGV"
        }
    tell(#"{"level":"critical","logger":"millrace","message":"crashed, where is on the lines below","signal":""#)
    tell(name)
    tell("\"}\n")
    withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: 64) { frames in
        guard let first = frames.baseAddress else { return }
        backtrace_symbols_fd(first, backtrace(first, 64), STDERR_FILENO)
    }
    raise(signal)
}

private func tell(_ text: StaticString) { _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }
