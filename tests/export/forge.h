/* Members of a bundle changed by somebody who has the log key: content replaced, the manifest adjusted and signed again. So
 * a refusal is due to the content, not to a signature. */
#ifndef TESTS_EXPORT_FORGE_H
#define TESTS_EXPORT_FORGE_H

#include "export/cut/lines.h"
#include "ledger/signing/keyring.h"
#include "ledger/write/batch.h"
#include "tests/export/bundle_box.h"

static __attribute__((unused)) struct signer log_signer(const struct scratch *box) {
    struct signer signer = {0};
    char path[FILE_PATH_MAX], dir[400];
    snprintf(dir, sizeof(dir), "%s/keys", box->dir);
    must(keyring_log_path(dir, path, &why));
    must(keyfile_load(path, bytes_of(""), &signer, &why));
    return signer;
}

/* The statement of the bundle in `members`, replacing `out`. */
static __attribute__((unused)) void forge_statement(struct buf *out) {
    struct manifest m;
    must(manifest_decode(&m, bytes_of_buf(&members[member(BUNDLE_MANIFEST)].content), &why));
    if (out->max == 0) {
        buf_init(out, 1 << 20);
    }
    buf_clear(out);
    buf_put_bytes(out, bytes_of_buf(&m.payload));
    manifest_done(&m);
}

/* The first `from` in it becomes `to`. */
static __attribute__((unused)) void forge_replace(struct buf *text, const char *from, const char *to) {
    const uint8_t *at = memmem(text->p, text->n, from, strlen(from));
    struct buf made;
    if (at == NULL) {
        fail_msg("there is no '%s' in '%.*s'", from, (int)(text->n < 2000 ? text->n : 2000), (const char *)text->p);
        return;
    }
    buf_init(&made, text->max);
    buf_put(&made, text->p, (size_t)(at - text->p));
    buf_put_str(&made, to);
    buf_put(&made, at + strlen(from), text->n - (size_t)(at - text->p) - strlen(from));
    buf_done(text);
    *text = made;
}

/* SHA256SUMS, if present, becomes that of the members, and so does its digest in the statement. */
static __attribute__((unused)) void forge_sums(struct buf *statement) {
    uint8_t digest[LOG_HASH];
    char old_hex[2 * LOG_HASH + 1], hex[2 * LOG_HASH + 1];
    struct buf *sums = NULL;
    for (size_t i = 0; i < n_members; i++) {
        sums = strcmp(members[i].name, BUNDLE_SUMS) == 0 ? &members[i].content : sums;
    }
    if (sums == NULL) return;
    struct bytes content = bytes_of_buf(sums);
    hash_parts(digest, &content, 1);
    text_hex(old_hex, digest, sizeof(digest));
    buf_clear(sums);
    for (size_t i = 0; i < n_members; i++) {
        if (&members[i].content != sums && strcmp(members[i].name, BUNDLE_MANIFEST) != 0 &&
            strcmp(members[i].name, BUNDLE_CHECKPOINT) != 0) {
            content = bytes_of_buf(&members[i].content);
            hash_parts(digest, &content, 1);
            bundle_sum(sums, members[i].name, digest);
        }
    }
    content = bytes_of_buf(sums);
    hash_parts(digest, &content, 1);
    text_hex(hex, digest, sizeof(digest));
    if (memmem(statement->p, statement->n, old_hex, strlen(old_hex)) != NULL) {
        forge_replace(statement, old_hex, hex);
    }
}

/* The manifest says this, signed by this key. */
static __attribute__((unused)) void forge_sign(struct bytes text, const struct signer *signer) {
    struct buf own;
    buf_init(&own, 4 << 20);
    buf_put_bytes(&own, text);
    forge_sums(&own);
    struct bytes statement = bytes_of_buf(&own);
    struct buf *out = &members[member(BUNDLE_MANIFEST)].content, pae;
    uint8_t sig[CRYPT_SIGNATURE_LEN];
    char id[2 * NOTE_KEY_ID_LEN + 1];
    buf_init(&pae, 2 << 20);
    manifest_pae(&pae, statement);
    crypt_sign(sig, bytes_of_buf(&pae), signer->secret);
    text_hex(id, signer->vkey.id, NOTE_KEY_ID_LEN);
    buf_clear(out);
    buf_put_str(out, "{\"payload\":\"");
    text_base64(out, statement.p, statement.n);
    buf_printf(out, "\",\"payloadType\":\"%s\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"", BUNDLE_PAYLOAD_TYPE, id);
    text_base64(out, sig, sizeof(sig));
    buf_put_str(out, "\"}]}\n");
    buf_done(&own);
    buf_done(&pae);
}

/* One replacement in the statement, signed by the log key. */
static __attribute__((unused)) void forge_manifest(const char *from, const char *to) {
    struct signer signer = log_signer(&s);
    struct buf text = {0};
    forge_statement(&text);
    forge_replace(&text, from, to);
    forge_sign(bytes_of_buf(&text), &signer);
    signer_done(&signer);
    buf_done(&text);
}

/* The manifest gets the member's current digest; `before` is the previous one. */
static __attribute__((unused)) void forge_digest(const char *name, const uint8_t before[LOG_HASH]) {
    uint8_t now[LOG_HASH];
    char old_hex[2 * LOG_HASH + 1], hex[2 * LOG_HASH + 1];
    struct bytes content = bytes_of_buf(&members[member(name)].content);
    hash_parts(now, &content, 1);
    text_hex(old_hex, before, LOG_HASH);
    text_hex(hex, now, LOG_HASH);
    forge_manifest(old_hex, hex);
}

static __attribute__((unused)) void forge_content(const char *name, const char *from, const char *to) {
    uint8_t before[LOG_HASH];
    struct buf *content = &members[member(name)].content;
    struct bytes bytes = bytes_of_buf(content);
    hash_parts(before, &bytes, 1);
    forge_replace(content, from, to);
    forge_digest(name, before);
}

/* Line i (from 0) of a text: where it begins, and its length with its LF. */
static __attribute__((unused)) struct bytes line_of(const struct buf *text, size_t i) {
    const uint8_t *p = text->p, *end = text->p + text->n;
    for (; i > 0; i--) {
        p = memchr(p, '\n', (size_t)(end - p));
        assert_non_null(p);
        p++;
    }
    const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
    assert_non_null(lf);
    return (struct bytes){p, (size_t)(lf - p) + 1};
}

/* Line i becomes `to` (empty: it is removed). */
static __attribute__((unused)) void line_set(struct buf *text, size_t i, struct bytes to) {
    struct bytes line = line_of(text, i);
    struct buf made;
    buf_init(&made, text->max);
    buf_put(&made, text->p, (size_t)(line.p - text->p));
    buf_put_bytes(&made, to);
    buf_put(&made, line.p + line.n, text->n - (size_t)(line.p - text->p) - line.n);
    buf_done(text);
    *text = made;
}

/* ---- erasures ---- */

/* A member `erasures` with the events of these seqs. */
static __attribute__((unused)) void put_erasures(const uint64_t *seqs, size_t n) {
    struct core_view view = {0};
    struct merkle_proof inclusion;
    struct log_event event;
    struct log_reader *reader;
    struct lines lines;
    uint8_t digest[LOG_HASH];
    char hex[2 * LOG_HASH + 1], subject[200];
    lines_init(&lines, BUNDLE_ERASURES, BUNDLE_ERASURES_MAX);
    must(core_view_begin(s.ledger, &view, &why));
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    for (size_t i = 0; i < n; i++) {
        log_reader_seek(reader, seqs[i]);
        must(log_reader_next(reader, &event, &why));
        must(merkle_prove_inclusion(seqs[i], view.head.size, core_node, &view, &inclusion, &why));
        must(lines_put_key(&lines, &event, &inclusion, NULL, bytes_of(""), true, &why));
    }
    log_reader_close(reader);
    core_view_end(&view);
    size_t at = member("range.proof");
    memmove(&members[at + 1], &members[at], (n_members - at) * sizeof(members[0]));
    n_members++;
    snprintf(members[at].name, sizeof(members[at].name), "erasures");
    members[at].content = lines.kept;
    buf_init(&lines.kept, 1);
    lines_done(&lines);
    struct bytes content = bytes_of_buf(&members[at].content);
    hash_parts(digest, &content, 1);
    text_hex(hex, digest, sizeof(digest));
    snprintf(subject, sizeof(subject), "},{\"digest\":{\"sha256\":\"%s\"},\"name\":\"erasures\"},{\"digest\"", hex);
    forge_manifest("},{\"digest\"", subject); /* after keys, the first */
}

/* As the ledger itself will write it. */
static __attribute__((unused)) void put_erased(const char *json) {
    struct buf body = {0};
    struct log_batch *batch;
    struct log_draft draft = scratch_draft("ledger.erased", "event/1", scratch_map(&body, "%s", json));
    must(log_batch_new(s.ledger, &batch, &why));
    must(batch_add_control(batch, &draft, &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    buf_done(&body);
}

/* ---- tests with a ledger each ---- */

static __attribute__((unused)) struct buf changed;

static __attribute__((unused)) int start_box(void **state) {
    (void)state;
    box_start();
    buf_init(&changed, (size_t)64 << 20);
    return 0;
}

static __attribute__((unused)) int finish(void **state) {
    (void)state;
    members_done();
    buf_done(&changed);
    box_end();
    return 0;
}

/* Genesis, a signed event with private fields, an event, a rotation, an event. */
static __attribute__((unused)) int start_small(void **state) {
    start_box(state);
    box_event("permission.granted", "pack/pdf", alice,
              "{\"group\":\"exec\",\"scope\":\"in\",\"tier\":\"T1\",\"note\":\"for March\"}");
    scratch_append(&s, 1, NULL);
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    scratch_append(&s, 2, NULL);
    return 0;
}

static __attribute__((unused)) int start_full(void **state) {
    start_box(state);
    box_fill();
    return 0;
}

static __attribute__((unused)) void cut_small(void) {
    static const char *const names[] = {"note"};
    static const struct export_term term = {"kind", EXPORT_PREFIX, {(const uint8_t *)"permission.", 11}};
    struct export_options o = everything();
    o.terms = &term;
    o.n_terms = 1;
    o.private_ = names;
    o.n_private = 1;
    cut(&o);
    is_good();
}

static __attribute__((unused)) struct bytes tar_of_members(void) {
    members_put(&changed);
    return bytes_of_buf(&changed);
}

static __attribute__((unused)) void must_not_pass(const char *what, size_t i) {
    verify(tar_of_members(), trust);
    if (report.log.verdict != LOG_INVALID) {
        fail_msg("%s %zu: verdict %d", what, i, (int)report.log.verdict);
    }
}

static __attribute__((unused)) void cut_full(void) {
    static const char *const names[] = {"note"}, *const states[] = {"permissions", "runs"};
    struct export_options o = everything();
    o.private_ = names;
    o.n_private = 1;
    o.states = states;
    o.n_states = 2;
    o.artifacts = true;
    cut(&o);
    is_good();
    members_take(bytes_of_buf(&bundle));
}

#define SMALL(test) cmocka_unit_test_setup_teardown(test, start_small, finish)
#define FULL(test)  cmocka_unit_test_setup_teardown(test, start_full, finish)

#endif
