import Storage

extension MartSchema {
    /// Messages by category: looked up in the facts of a million items, those of a month took seconds.
    ///
    /// Triggers keep it, so that it also holds for what an instance of the version before writes, and whichever of a message
    /// and its item comes first.
    static let emailCategories = Migration(
        version: 107,
        name: "categories of messages",
        sql: """
            \(writersWait)
            -- The category that its item has now, or had when it was purged; 0 without one.
            ALTER TABLE email_fact ADD COLUMN category_key int NOT NULL DEFAULT 0;

            CREATE FUNCTION category_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' OR NEW.item IS DISTINCT FROM OLD.item THEN
                    NEW.category_key := coalesce((SELECT t.category_key FROM task_fact t WHERE t.item = NEW.item), 0);
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER category BEFORE INSERT OR UPDATE OF item ON email_fact
                FOR EACH ROW EXECUTE FUNCTION category_of_message();

            CREATE FUNCTION category_to_messages() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE email_fact SET category_key = NEW.category_key
                WHERE item = NEW.item AND category_key <> NEW.category_key;
                RETURN NULL;
            END $$;
            CREATE TRIGGER category AFTER INSERT ON task_fact FOR EACH ROW EXECUTE FUNCTION category_to_messages();
            CREATE TRIGGER other_category AFTER UPDATE OF category_key ON task_fact FOR EACH ROW
                WHEN (OLD.category_key <> NEW.category_key) EXECUTE FUNCTION category_to_messages();
            """)

    /// That of the messages that were there: a step of its own, during which they can be read.
    static let oldEmailCategories = Migration(
        version: 108,
        name: "categories of earlier messages",
        sql: """
            \(writersWait)
            UPDATE email_fact m SET category_key = t.category_key FROM task_fact t
            WHERE t.item = m.item AND t.category_key <> m.category_key;
            """)

    /// In the order in which a batch writes them.
    private static let writersWait = "LOCK TABLE task_fact, email_fact IN SHARE ROW EXCLUSIVE MODE;"
}
