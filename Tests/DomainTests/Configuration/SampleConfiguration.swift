import Domain

/// The document of the README's first example, and ways of spoiling it.
enum SampleConfiguration {
    static let now = Instant(milliseconds: 1_767_225_600_000)

    static let text = """
        {"tenant": "demo",
         "calendars": [
          {"name": "office", "timeZone": "Europe/Stockholm",
           "weekly": {"mon": ["08:00-12:00", "13:00-17:00"], "tue": ["08:00-17:00"]}, "closed": ["2026-12-25"]}],
         "schemas": [
          {"name": "standard", "unit": "hours", "sla": 8, "points": [[0, 100], [6, 300], [8, 1000], [24, 1500]],
           "autocompleteAfter": 72},
          {"name": "urgent", "unit": "hours", "sla": 2, "points": [[0, 500], [2, 2000]]}],
         "skills": ["java", "sap"],
         "endpoints": [{"name": "second-line", "acceptWithin": "30s", "missedOffersUntilNotReady": 3}],
         "categories": [
          {"name": "Incidents", "when": {"all": [{"attribute": "channel", "is": "incident"}]},
           "endpoint": "second-line", "schema": "standard", "calendar": "office", "requiredSkills": ["java"],
           "children": [
            {"name": "Major", "when": {"any": [{"attribute": "impact", "in": ["Major", "High"]}]},
             "schema": "urgent"}]}],
         "agents": [
          {"id": "anna", "name": "Anna", "skills": ["java"], "endpoints": ["second-line"], "capacity": 3}],
         "sources": [{"name": "vinst", "defaults": {"channel": "incident"}}]}
        """

    /// The same with every other setting there is.
    static let everything = """
        {"tenant": "demo-2", "customerAttribute": "account", "quota": {"perSecond": 500, "perDay": 1000000},
         "retention": {"finalItems": 30, "events": 60}, "groups": ["night"],
         "calendars": [
          {"name": "office", "timeZone": "Europe/Stockholm", "weekly": {"fri": ["22:00-24:00", "00:00-06:00"]},
           "special": [{"date": "2026-12-24", "openings": ["08:00-12:00"]}, {"date": "2026-12-31", "openings": []}]},
          {"name": "always", "always": true}],
         "schemas": [
          {"name": "falling", "unit": "minutes", "sla": 0.5, "points": [[-10, 5.5], [0, 100], [0, 50], [30, -1]]}],
         "skills": ["PL/SQL"], "channels": [{"name": "email", "weight": 1}, {"name": "call", "weight": 4}],
         "endpoints": [{"name": "first", "acceptWithin": 45, "limit": 7, "returnAfter": "PT1M30S"}],
         "categories": [
          {"name": "All", "children": [
           {"name": "Calls", "when": {"attribute": "size", "atLeast": 1, "lessThan": 9.5}, "channel": "call",
            "endpoint": "first", "schema": "falling", "headStart": "-30m", "businessValueWeight": 0.5,
            "holdPausesSLA": true, "rejectWhenOverdue": true, "preferredAgentFor": "10m", "requiredSkills": ["PL/SQL"]},
           {"name": "Rest", "when": {"not": {"any": [{"attribute": "x", "exists": true},
             {"attribute": "y", "startsWith": "z"}]}}, "endpoint": "first", "schema": "falling"}]}],
         "agents": [{"id": "bo", "subject": "auth|7", "groups": ["night"], "skills": ["PL/SQL"], "endpoints": ["first"]}],
         "sources": [
          {"name": "crm", "topic": "crm.commands", "quota": {"perSecond": 5}, "replies": {"topic": "crm.replies",
            "webhook": {"url": "https://crm.example.com/hook", "secretRef": "crm"}, "events": ["completed", "assign"]}}]}
        """

    static func parsed(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: text.utf8, limits: .configuration)
    }

    /// The first example with one piece of its text replaced.
    static func replacing(_ part: String, with other: String) throws -> JSONValue {
        let pieces = text.split(separator: part, maxSplits: 1, omittingEmptySubsequences: false)
        return try parsed(pieces.joined(separator: other))
    }

    static func problems(_ document: JSONValue) -> [ConfigurationProblem] {
        switch TenantConfiguration.validate(document, now: now) {
        case .success: []
        case .failure(let failure): failure.problems
        }
    }
}
