import ArgumentParser

/// The one executable: services and the operator's commands.
@main struct Millrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "Distributes work items to the right agent at the right moment.",
        groupedSubcommands: [
            CommandGroup(
                name: "Services:",
                subcommands: [
                    AllCommand.self, CoreCommand.self, EmailCommand.self, DatamartCommand.self, SearchCommand.self,
                    MigrateCommand.self, BootstrapCommand.self, ConfigurationKeysCommand.self,
                ]),
            CommandGroup(name: "Configuration:", subcommands: [Apply.self, ShowConfiguration.self, Keys.self]),
            CommandGroup(
                name: "Work items:",
                subcommands: [
                    Submit.self, List.self, Show.self, History.self, Explain.self, Hold.self, Resume.self, Cancel.self,
                    Complete.self, Restart.self, Activate.self, Assign.self, Transfer.self, Park.self, Take.self,
                    TakeBack.self, ImportFile.self,
                ]),
            CommandGroup(
                name: "Operation:",
                subcommands: [
                    Queues.self, Agents.self, Report.self, Rebuild.self, Tail.self, Dead.self, Doctor.self, Demo.self,
                ]),
        ])
    static func main() async {
        Crash.endsAtOnce()
        await main(nil)
    }
}
