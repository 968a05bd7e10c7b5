import ArgumentParser
import Core
import Datamart
import Domain
import Email
import Search
import ServiceKit

/// `millrace configuration-keys`: the keys that the services know, for checks of deployments.
struct ConfigurationKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configuration-keys", abstract: "List the configuration keys, a JSON object a line.")

    @Flag(help: "As a Markdown table instead.")
    var markdown = false

    func run() {
        let keys = ConfigurationKeys.all + CoreKeys.all + EmailKeys.all + DatamartKeys.all + SearchKeys.all
        if markdown {
            print(ConfigurationKeys.markdown(keys))
            return
        }
        for key in keys {
            var writer = JSONWriter()
            writer.object { json in
                json.member("environment", key.environment)
                json.member("summary", key.summary)
                json.member("expected", key.expected)
                json.member("default", key.isSecret ? nil : key.fallback)
            }
            print(writer.text)
        }
    }
}
