import Foundation

/// The process itself as Prometheus knows it: memory, processor time, open files, start.
public enum ProcessMetrics {
    /// Adds the standard `process_` gauges.
    public static func add(to metrics: PrometheusMetrics) {
        let started = Double(currentMilliseconds()) / 1000
        metrics.gauge("process_start_time_seconds", help: "Start of the process since 1970.") { started }
        metrics.gauge("process_resident_memory_bytes", help: "Resident memory.") {
            residentBytes().map(Double.init)
        }
        metrics.gauge("process_cpu_seconds", help: "Processor time used, user and system.") {
            var usage = rusage()
            guard getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return nil }
            return seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
        metrics.gauge("process_open_fds", help: "Open file descriptors.") {
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count).map(Double.init)
        }
    }

    /// Resident memory in bytes, from `/proc/self/statm`.
    public static func residentBytes() -> Int64? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int64(fields[1]) else { return nil }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
