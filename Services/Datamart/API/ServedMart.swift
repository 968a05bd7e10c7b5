import Foundation
import ServiceKit
import Storage

/// One tenant's mart as the HTTP interface reads it.
package struct ServedMart: Sendable {
    /// The tenant's name.
    package let tenant: String
    /// Connections whose `search_path` is the mart's schema, for reading only.
    package let pool: PostgresPool
    /// Time zone of reports that name none, such as `Europe/Stockholm`.
    package let timeZone: String
    /// Other zones that the mart keeps day aggregates in.
    package let timeZones: [String]
    /// Runs of the tenant's jobs on this instance.
    package let jobs: JobLog?

    /// A tenant's mart.
    package init(tenant: String, pool: PostgresPool, timeZone: String, timeZones: [String] = [], jobs: JobLog?) {
        self.tenant = tenant
        self.pool = pool
        self.timeZone = timeZone
        self.timeZones = timeZones
        self.jobs = jobs
    }
}
