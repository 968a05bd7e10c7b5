import Domain
import EmailAccess

/// Where reading a folder begins, by what core knows of it and what the server says.
package struct FolderStart: Sendable, Equatable {
    /// What is done first.
    package enum Beginning: Sendable, Equatable {
        /// Everything behind that UID is new.
        case goesOn(UInt32)
        /// Everything behind that UID is new, and core is to know it.
        case fromNow(UInt32)
        /// What is in the folder is looked at by its dates.
        case looksAnew
    }

    /// What is done first.
    package let beginning: Beginning
    /// Counts how often UIDs began anew while UIDVALIDITY stayed.
    package let epoch: Int64
    /// From when on mail is taken.
    package let from: Instant
    /// Whether what core knows is of another account.
    package let isAnotherAccount: Bool

    /// - Parameters:
    ///   - account: whose mailbox it is.
    ///   - since: from when on mail is taken at the first connection, as configured.
    package init(
        _ progress: FolderProgress, _ state: ImapFolderState, account: String, since: Instant?, now: Instant
    ) {
        guard let place = progress.place else {
            (beginning, epoch, from, isAnotherAccount) = (.looksAnew, progress.epoch, progress.from, false)
            return
        }
        if let known = place.account, known != account {
            (epoch, isAnotherAccount) = (place.epoch + 1, true)
            from = since ?? now
            beginning = since == nil ? .fromNow(state.uidNext - 1) : .looksAnew
            return
        }
        (from, isAnotherAccount) = (progress.from, false)
        guard place.uidValidity == state.uidValidity else {
            (beginning, epoch) = (.looksAnew, place.epoch)
            return
        }
        // A server restored from a backup, or one that kept UIDVALIDITY by mistake, gives UIDs a second time.
        let isReused = state.tellsUidNext && state.uidNext <= place.uid
        (beginning, epoch) = isReused ? (.looksAnew, place.epoch + 1) : (.goesOn(place.uid), place.epoch)
    }
}

/// How far a folder has been read, as core knows it.
package struct FolderProgress: Sendable, Equatable {
    /// A place in a folder.
    package struct Place: Sendable, Equatable {
        /// The folder's UIDVALIDITY.
        package var uidValidity: UInt32
        /// Up to this UID it was read.
        package var uid: UInt32
        /// Counts how often UIDs began anew while UIDVALIDITY stayed.
        package var epoch: Int64
        /// Whose mailbox it was; nil where nobody has noted that.
        package var account: String?

        /// A place.
        package init(uidValidity: UInt32, uid: UInt32, epoch: Int64 = 0, account: String? = nil) {
            (self.uidValidity, self.uid, self.epoch, self.account) = (uidValidity, uid, epoch, account)
        }
    }

    /// nil: nothing of this folder was taken yet.
    package var place: Place?
    /// From when on mail is taken.
    package var from: Instant
    /// Where nothing was taken yet: how often its UIDs began anew before, for another mailbox of this name.
    package var epoch: Int64

    /// Progress.
    package init(place: Place?, from: Instant, epoch: Int64 = 0) {
        (self.place, self.from, self.epoch) = (place, from, epoch)
    }
}
