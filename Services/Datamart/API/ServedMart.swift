import Foundation
import Projection
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
    /// What the mart would be built anew from.
    package let feed: (any EventFeedSource)?

    /// A tenant's mart.
    package init(
        tenant: String, pool: PostgresPool, timeZone: String, timeZones: [String] = [], jobs: JobLog?,
        feed: (any EventFeedSource)? = nil
    ) {
        self.tenant = tenant
        self.pool = pool
        self.timeZone = timeZone
        self.timeZones = timeZones
        self.jobs = jobs
        self.feed = feed
    }
}
