import Storage

extension CoreSchema {
    /// Mailboxes' states and secrets, messages that came and go, and their contents. Times are milliseconds since 1970 (UTC);
    /// digests of texts are the first half of their SHA-256, as a `uuid`.
    static let emails = Migration(
        version: 8,
        name: "emails",
        sql: """
            -- What the service tells of a mailbox, and how far it has been read. Terms stand in `lease`.
            CREATE TABLE mailbox_state (
                tenant int NOT NULL,
                name text NOT NULL,
                term bigint NOT NULL DEFAULT 0,
                holder text,
                inbound text NOT NULL DEFAULT 'disconnected',
                inbound_since bigint NOT NULL,
                inbound_error text,
                outbound text NOT NULL DEFAULT 'disconnected',
                outbound_since bigint NOT NULL,
                outbound_error text,
                unread bigint,
                folder_count bigint,
                taken_count bigint,
                taken bigint NOT NULL DEFAULT 0,
                last_taken_at bigint,
                -- From when on mail is taken: fixed at the first connection.
                first_from bigint NOT NULL,
                folders text NOT NULL DEFAULT '{}',
                cursor text,
                PRIMARY KEY (tenant, name)
            ) WITH (fillfactor = 70);
            CREATE TABLE mailbox_secret (
                tenant int NOT NULL,
                name text NOT NULL,
                sealed bytea NOT NULL,
                updated_at bigint NOT NULL,
                updated_by text NOT NULL,
                PRIMARY KEY (tenant, name)
            );
            CREATE TABLE mailbox_test (
                tenant int NOT NULL,
                id uuid NOT NULL,
                mailbox text NOT NULL,
                at bigint NOT NULL,
                given_at bigint,
                result text,
                PRIMARY KEY (tenant, id)
            );
            CREATE INDEX mailbox_test_open ON mailbox_test (tenant) WHERE result IS NULL;

            -- What was taken, for as long as the mailbox is there: a rebuilt folder must not become work again.
            CREATE TABLE email_key (
                tenant int NOT NULL,
                mailbox text NOT NULL,
                key uuid NOT NULL,
                message uuid NOT NULL,
                place uuid NOT NULL,
                email uuid,
                work_item uuid,
                at bigint NOT NULL,
                PRIMARY KEY (tenant, mailbox, key)
            );
            CREATE INDEX email_key_message ON email_key (tenant, message);

            CREATE TABLE email (
                tenant int NOT NULL,
                id uuid NOT NULL,
                revision int NOT NULL,
                direction text NOT NULL,
                state text NOT NULL,
                mailbox text NOT NULL,
                work_item uuid,
                message_id text,
                message uuid,
                agent int,
                created_at bigint NOT NULL,
                updated_at bigint NOT NULL,
                due_at bigint,
                attempt int NOT NULL DEFAULT 0,
                term bigint NOT NULL DEFAULT 0,
                reason text,
                -- What is shown of it: addresses, subject, text, attachments; JSON.
                content text NOT NULL,
                correspondents uuid[] NOT NULL,
                PRIMARY KEY (tenant, id)
            ) WITH (fillfactor = 80);
            CREATE INDEX email_item ON email (tenant, work_item, id) WHERE work_item IS NOT NULL;
            -- For lists, newest first; of a mailbox's messages in any state each state's newest are put together.
            CREATE INDEX email_mailbox ON email (tenant, mailbox, state, id);
            CREATE INDEX email_state ON email (tenant, state, id);
            CREATE INDEX email_message ON email (tenant, message) WHERE direction = 'out';
            CREATE INDEX email_due ON email (tenant, mailbox, due_at) WHERE state = 'queued';
            CREATE INDEX email_sending ON email (tenant, mailbox) WHERE state = 'sending';
            -- Those that no item's retention takes along.
            CREATE INDEX email_alone ON email (tenant, created_at) WHERE work_item IS NULL;
            -- Whom they concern, for erasure.
            CREATE INDEX email_correspondents ON email USING gin (correspondents);

            -- Every Message-ID of a conversation, of messages and of what they refer to, and its item.
            CREATE TABLE email_thread (
                tenant int NOT NULL,
                message uuid NOT NULL,
                work_item uuid NOT NULL,
                PRIMARY KEY (tenant, message)
            );
            CREATE INDEX email_thread_item ON email_thread (tenant, work_item);
            CREATE TABLE email_token (
                tenant int NOT NULL,
                token text NOT NULL,
                work_item uuid NOT NULL,
                PRIMARY KEY (tenant, token)
            );
            CREATE INDEX email_token_item ON email_token (tenant, work_item);
            -- Automatic answers of the last hour, for the window of each correspondent.
            CREATE TABLE email_automatic (
                tenant int NOT NULL,
                mailbox text NOT NULL,
                correspondent uuid NOT NULL,
                at bigint NOT NULL
            );
            CREATE INDEX email_automatic_window ON email_automatic (tenant, mailbox, correspondent, at);
            CREATE INDEX email_automatic_age ON email_automatic (tenant, at);

            -- Large objects know no row-level security, so contents are rows of chunks, or files where core has a folder for
            -- them. Chunks and files belong to an upload: the content is there when its last byte is, and its digest is right.
            CREATE TABLE content (
                tenant int NOT NULL,
                sha256 bytea NOT NULL,
                size bigint NOT NULL,
                type text NOT NULL,
                upload uuid NOT NULL,
                created_at bigint NOT NULL,
                -- Where its bytes are: in a file, or in chunks.
                in_folder boolean NOT NULL DEFAULT false,
                -- Since when no message refers to it; kept true by whoever adds or takes away a reference.
                unreferenced_since bigint,
                PRIMARY KEY (tenant, sha256)
            );
            CREATE INDEX content_unreferenced ON content (tenant, unreferenced_since) WHERE unreferenced_since IS NOT NULL;
            -- Files of contents that are gone, noted in the transaction that took them until the files are gone as well.
            CREATE TABLE content_gone (
                tenant int NOT NULL,
                upload uuid NOT NULL,
                sha256 bytea NOT NULL,
                -- Whose erasure took it, as a correspondent: it is not done before the file is gone.
                erased_for uuid,
                PRIMARY KEY (tenant, upload)
            );
            -- Where in the folder a tenant's files are: nowhere twice, also when databases share a folder.
            ALTER TABLE tenant ADD COLUMN content_place uuid NOT NULL DEFAULT gen_random_uuid();
            CREATE TABLE content_chunk (
                tenant int NOT NULL,
                upload uuid NOT NULL,
                place int NOT NULL,
                bytes bytea NOT NULL,
                PRIMARY KEY (tenant, upload, place)
            );
            -- Compressing what is compressed already costs time and gains nothing.
            ALTER TABLE content_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
            CREATE TABLE content_upload (
                tenant int NOT NULL,
                id uuid NOT NULL,
                at bigint NOT NULL,
                PRIMARY KEY (tenant, id)
            );
            CREATE INDEX content_upload_age ON content_upload (tenant, at);
            CREATE TABLE email_content (
                tenant int NOT NULL,
                sha256 bytea NOT NULL,
                email uuid NOT NULL,
                PRIMARY KEY (tenant, sha256, email)
            );
            CREATE INDEX email_content_email ON email_content (tenant, email);

            CALL millrace_isolate('mailbox_state');
            CALL millrace_isolate('mailbox_secret');
            CALL millrace_isolate('mailbox_test');
            CALL millrace_isolate('email_key');
            CALL millrace_isolate('email');
            CALL millrace_isolate('email_thread');
            CALL millrace_isolate('email_token');
            CALL millrace_isolate('email_automatic');
            CALL millrace_isolate('content');
            CALL millrace_isolate('content_gone');
            CALL millrace_isolate('content_chunk');
            CALL millrace_isolate('content_upload');
            CALL millrace_isolate('email_content');

            -- `@>` is not leakproof: behind a policy that must be asked row by row no index is used for it. The function below
            -- runs as the owner, for whom this policy holds, and names the tenant itself.
            DO $$ BEGIN EXECUTE format('CREATE POLICY owner ON email TO %I USING (true)', current_user); END $$;

            -- Messages of the running transaction's tenant to or from a correspondent that belong to no item, and what the
            -- correspondent wrote about any item.
            CREATE FUNCTION millrace_messages_of(correspondent uuid, address text, at_most int)
            RETURNS TABLE (email uuid, item uuid)
            LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DECLARE
                t int := millrace_tenant();
            BEGIN
                RETURN QUERY
                -- Apart from the order, for which all messages of the tenant would be walked through.
                WITH concerned AS MATERIALIZED (
                    SELECT e.id, e.work_item, e.direction, e.content FROM email e
                    WHERE e.tenant = t AND e.correspondents @> ARRAY[correspondent]
                )
                SELECT c.id, c.work_item FROM concerned c
                WHERE c.work_item IS NULL
                    OR c.direction = 'in' AND lower(c.content::jsonb #>> '{from,address}') = lower(address)
                ORDER BY c.id LIMIT at_most;
            END $$;

            -- Takes messages away: what they refer to stands unreferenced from then on, unless another message refers to it.
            CREATE FUNCTION millrace_forget_emails(tenant_id int, emails uuid[], moment bigint) RETURNS bigint
            LANGUAGE plpgsql AS $$
            DECLARE
                digests bytea[];
                gone bigint;
            BEGIN
                SELECT array_agg(DISTINCT sha256) INTO digests FROM email_content
                    WHERE tenant = tenant_id AND email = ANY(emails);
                DELETE FROM email_content WHERE tenant = tenant_id AND email = ANY(emails);
                DELETE FROM email WHERE tenant = tenant_id AND id = ANY(emails);
                GET DIAGNOSTICS gone = ROW_COUNT;
                UPDATE content c SET unreferenced_since = moment
                    WHERE c.tenant = tenant_id AND c.sha256 = ANY(digests) AND c.unreferenced_since IS NULL
                        AND NOT EXISTS (SELECT FROM email_content r WHERE r.tenant = tenant_id AND r.sha256 = c.sha256);
                RETURN gone;
            END $$;
            """)
}
