import Domain
import Testing
import millrace

/// Reports in the terminal.
@Suite struct ReportTextTests {
    @Test func barsAreAsLongAsTheirValues() {
        #expect(TextChart.bar(8, of: 8, width: 4) == "████")
        #expect(TextChart.bar(4, of: 8, width: 4) == "██")
        #expect(TextChart.bar(1, of: 64, width: 8) == "▏")
        #expect(TextChart.bar(0.001, of: 64, width: 8) == "▏")
        #expect(TextChart.bar(0, of: 64).isEmpty)
        #expect(TextChart.bar(1, of: 0).isEmpty)
        #expect(TextChart.bar(.nan, of: 1).isEmpty)
    }

    @Test func sparklinesRiseFromZero() {
        #expect(TextChart.sparkline([0, 4, nil, 8]) == "▁▄ █")
        #expect(TextChart.sparkline([0, 0]) == "▁▁")
        #expect(TextChart.condensed([1, 3, 5, 7], to: 2) == [2, 6])
        #expect(TextChart.condensed([1, 3], to: 2) == [1, 3])
    }

    private let answer: JSONValue = [
        "title": "Intraday process", "timeZone": "Europe/Stockholm", "from": "2026-11-28T00:00:00+01:00",
        "to": "2026-11-28T02:00:00+01:00",
        "columns": [
            ["name": "interval", "title": "from", "kind": "time"],
            ["name": "entered", "title": "entered", "kind": "count", "main": true],
            ["name": "missed", "title": "missed", "kind": "count"],
            ["name": "withinSla", "title": "within SLA", "kind": "percent", "main": true],
            ["name": "averageWait", "title": "avg wait", "kind": "seconds"],
        ],
        "totals": ["entered": 6, "missed": 0, "withinSla": 50, "averageWait": 75.2],
        "asOf": ["position": 42, "time": "2026-11-28T00:59:00.000Z"],
    ]

    @Test func aReportIsATableWithBarsTotalsAndTheCourse() {
        let rows: [JSONValue] = [
            [
                "interval": "2026-11-28T00:00:00+01:00", "entered": 2, "missed": 0, "withinSla": .null,
                "averageWait": .null,
            ],
            ["interval": "2026-11-28T01:00:00+01:00", "entered": 4, "missed": 0, "withinSla": 50, "averageWait": 75.2],
        ]
        #expect(
            ReportText(answer: answer, rows: rows).lines == [
                "Intraday process, 2026-11-28 00:00 to 2026-11-28 02:00 (Europe/Stockholm)", "",
                "from              entered  within SLA  avg wait  ▏entered",
                "2026-11-28 00:00        2                        ████████",
                "2026-11-28 01:00        4      50.0 %    1m 15s  ████████████████",
                "total                   6      50.0 %    1m 15s", "",
                "entered     ▄█  at most 4", "within SLA   █  at most 50.0 %", "",
                "Complete up to event 42 of 2026-11-28T00:59:00.000Z.",
            ])
    }

    @Test func nothingIsSaidInWords() {
        #expect(ReportText(answer: answer, rows: []).lines.contains("Nothing in this period."))
    }
}
