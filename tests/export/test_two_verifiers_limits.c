/* Both verifiers have the same limits on frames, sizes, lines and names, and refuse anything beyond. */
#include "tests/export/two_verifiers.h"

#include "base/archive/zst.h"
#include "ledger/core/author.h"

/* ---- zstd ---- */

/* One more frame in `changed`. */
static void put_frame(struct bytes plain) {
    must(zst_compress(&changed, plain, 1, &why));
}

static struct bytes part(size_t from, size_t to) {
    return (struct bytes){bundle.p + from, to - from};
}

/* The bundle in frames, with this before, between and after them. */
static void framed_with(struct bytes extra, enum log_verdict verdict) {
    for (int where = 0; where < 3; where++) {
        buf_clear(&changed);
        buf_put_bytes(&changed, where == 0 ? extra : bytes_of(""));
        put_frame(part(0, bundle.n / 2));
        buf_put_bytes(&changed, where == 1 ? extra : bytes_of(""));
        put_frame(part(bundle.n / 2, bundle.n));
        buf_put_bytes(&changed, where == 2 ? extra : bytes_of(""));
        both_trusting(bytes_of_buf(&changed), verdict);
    }
}

/* A frame of one segment, whose header is flags and size, becomes one with a window, in this form. */
static void put_window(uint8_t window) {
    assert_true((changed.p[4] & 0xe0) > 0x20 && bundle.n > 256);
    buf_put_u8(&changed, 0);
    memmove(changed.p + 6, changed.p + 5, changed.n - 6);
    changed.p[4] &= (uint8_t)~0x20;
    changed.p[5] = window;
}

static void frames_and_nothing_else(void **state) {
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 'a', 'b', 'c', 'd'}, zeros[9] = {0};
    static const uint8_t windows[] = {0x67, 0x68, 0x69, 0x70, 0xff}; /* 0x68: 8 MiB */
    struct export_options o = everything();
    struct buf empty;
    (void)state;
    if (!has_zstd()) {
        skip();
    }
    o.from = 195;
    o.to = 300;
    cut(&o);
    buf_init(&empty, 100);
    must(zst_compress(&empty, bytes_of(""), 1, &why));
    framed_with(bytes_of(""), LOG_GOOD);
    framed_with(bytes_of_buf(&empty), LOG_GOOD);
    framed_with((struct bytes){skippable, sizeof(skippable)}, LOG_INVALID);
    framed_with((struct bytes){zeros, sizeof(zeros)}, LOG_INVALID);
    framed_with(part(0, 512), LOG_INVALID);
    for (size_t i = 1; i < bundle.n; i += 1 + bundle.n / 40) { /* wherever one ends */
        buf_clear(&changed);
        put_frame(part(0, i));
        size_t first = changed.n;
        put_frame(part(i, bundle.n));
        both_trusting(bytes_of_buf(&changed), LOG_GOOD);
        both_trusting((struct bytes){changed.p, first}, LOG_INVALID);
        both_trusting((struct bytes){changed.p, first + i % 20}, LOG_INVALID);
        both_trusting((struct bytes){changed.p, changed.n - 1 - i % 20}, LOG_INVALID);
    }
    for (size_t i = 0; i < sizeof(windows); i++) {
        buf_clear(&changed);
        put_frame(part(0, bundle.n));
        put_window(windows[i]);
        both_trusting(bytes_of_buf(&changed), windows[i] <= 0x68 ? LOG_GOOD : LOG_INVALID);
    }
    buf_clear(&changed);
    put_frame(part(0, bundle.n));
    changed.p[4] &= (uint8_t)~4; /* no checksum, and none said */
    changed.n -= 4;
    both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    buf_done(&empty);
    page_agrees();
}

/* A bundle with 140 MiB of zeros in it, more than 1,024 times what is read at once, followed by data that does not
 * compress. */
static void with_zeros(size_t n_noise) {
    static uint8_t zeros[(size_t)140 << 20], noise[(size_t)192 << 10], digest[2][LOG_HASH];
    struct export_options o = everything();
    struct bytes all[2] = {{zeros, sizeof(zeros)}, {noise, n_noise}};
    hash_parts(digest[0], &all[0], 1);
    do { /* which is after them by its name */
        crypt_random(noise, n_noise);
        hash_parts(digest[1], &all[1], 1);
    } while (n_noise > 0 && memcmp(digest[0], digest[1], LOG_HASH) > 0);
    o.from = scratch_size(&s);
    o.artifacts = true;
    box_artifact(0, all[0]);
    box_name_artifact(0, all[0].n);
    if (n_noise > 0) {
        box_artifact(1, all[1]);
        box_name_artifact(1, all[1].n);
    }
    cut(&o);
    buf_clear(&changed);
    for (size_t at = 0; at < bundle.n; at += (size_t)1 << 20) {
        put_frame(part(at, bundle.n - at < (size_t)1 << 20 ? bundle.n : at + ((size_t)1 << 20)));
    }
}

static void how_much_may_come_out_of_a_file_hangs_on_all_of_it(void **state) {
    struct export_verify_options o = {.trust = trust};
    int fd[2];
    (void)state;
    if (!has_zstd()) {
        skip();
    }
    with_zeros(0);
    is_good(); /* plain */
    both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    with_zeros((size_t)192 << 10);
    both_trusting(bytes_of_buf(&changed), LOG_GOOD);
    assert_int_equal(pipe(fd), 0); /* whose continuation is unknown */
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        close(fd[0]);
        _exit(write(fd[1], changed.p, changed.n) < 0);
    }
    close(fd[1]);
    must(export_verify(fd[0], &o, &report, &why));
    verdict_is(LOG_INVALID);
    close(fd[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    page_agrees();
}

/* ---- limits ---- */

/* With this instead in the manifest. */
static void both_claiming(const char *from, const char *to, enum log_verdict verdict) {
    members_take(bytes_of_buf(&bundle));
    forge_manifest(from, to);
    members_put(&changed);
    both_trusting(bytes_of_buf(&changed), verdict);
}

/* The exporter's text, of this length. */
static void both_exported_by(int program, int version, enum log_verdict verdict) {
    char from[200], to[200];
    struct buf text = {0};
    members_take(bytes_of_buf(&bundle));
    forge_statement(&text);
    const char *at = memmem(text.p, text.n, "\"exporter\":{", 12), *end = memchr(at, '}', 200);
    snprintf(from, sizeof(from), "%.*s", (int)(end - at), at);
    snprintf(to, sizeof(to), "\"exporter\":{\"program\":\"%0*d\",\"version\":\"%0*d\"", program, 1, version, 1);
    buf_done(&text);
    both_claiming(from, to, verdict);
}

/* The manifest names this many private fields, the last one of this length. */
static void both_with_names(unsigned n, size_t last, enum log_verdict verdict) {
    struct signer signer = log_signer(&s);
    struct buf text = {0}, names;
    members_take(bytes_of_buf(&bundle));
    forge_statement(&text);
    buf_init(&names, (size_t)4 << 20);
    text.max = (size_t)4 << 20;
    buf_put_str(&names, "\"private\":[");
    for (unsigned i = 0; i < n; i++) {
        buf_printf(&names, "%s\"%08u", i == 0 ? "" : ",", i);
        for (size_t k = 8; i == n - 1 && k < last; k++) {
            buf_put_u8(&names, 'x');
        }
        buf_put_u8(&names, '"');
    }
    buf_put_u8(&names, ']');
    buf_put_u8(&names, 0);
    forge_replace(&text, "\"private\":[]", (const char *)names.p);
    forge_sign(bytes_of_buf(&text), &signer);
    members_put(&changed);
    both_trusting(bytes_of_buf(&changed), verdict);
    signer_done(&signer);
    buf_done(&text);
    buf_done(&names);
}

/* States with unknown rules, under a name of this many bytes. */
static void both_with_states(size_t n, enum log_verdict verdict) {
    struct signer signer = log_signer(&s);
    struct buf text = {0};
    char name[200], to[300];
    memset(name, 's', n);
    name[n] = '\0';
    members_take(bytes_of_buf(&bundle));
    forge_statement(&text);
    snprintf(to, sizeof(to), "\"states\":[\"%s\"]", name);
    forge_replace(&text, "\"states\":[\"runs\"]", to);
    snprintf(to, sizeof(to), "\"states/%s.json\"", name);
    forge_replace(&text, "\"states/runs.json\"", to);
    struct member *m = &members[member("states/runs.json")];
    snprintf(m->name, sizeof(m->name), "states/%.*s.json", (int)(n < 87 ? n : 87), name);
    forge_sign(bytes_of_buf(&text), &signer);
    members_put(&changed);
    both_trusting(bytes_of_buf(&changed), verdict);
    signer_done(&signer);
    buf_done(&text);
}

static void limits_are_those_of_the_document(void **state) {
    static const char *const states[] = {"runs"};
    struct export_options o = everything();
    (void)state;
    o.from = 195;
    o.to = 207;
    cut(&o);
    both_exported_by(24, 32, LOG_GOOD);
    both_exported_by(25, 32, LOG_INVALID);
    both_exported_by(24, 33, LOG_INVALID);
    both_with_names(64, 8, LOG_GOOD);
    both_with_names(65, 8, LOG_INVALID);
    both_with_names(1, 900000, LOG_GOOD);
    both_with_names(1, 1 << 20, LOG_INVALID);
    both_claiming("\"time\":null", "\"time\":{\"from\":\"\",\"to\":null}", LOG_INVALID);
    members_take(bytes_of_buf(&bundle));
    uint8_t before[LOG_HASH];
    struct buf *md = &members[member("VERIFY.md")].content;
    struct bytes content = bytes_of_buf(md);
    hash_parts(before, &content, 1);
    md->n = 0;
    forge_digest("VERIFY.md", before);
    members_put(&changed);
    both_trusting(bytes_of_buf(&changed), LOG_INVALID);
    o.states = states;
    o.n_states = 1;
    cut(&o);
    both_with_states(87, LOG_GOOD);
    both_with_states(88, LOG_INVALID);
    both_with_states(0, LOG_INVALID);
    page_agrees();
}

/* Neither reads an endless line into memory. */
static void a_very_long_line_is_refused(void **state) {
    const uint64_t length = (uint64_t)512 << 20;
    struct export_verify_options options = {.trust = trust};
    struct export_options o = everything();
    uint8_t header[USTAR_BLOCK];
    size_t end;
    (void)state;
    o.from = 195;
    o.to = 207;
    cut(&o);
    members_take(bytes_of_buf(&bundle));
    size_t all = n_members;
    n_members = member("payloads/0.jsonl");
    members_put(&changed);
    n_members = all;
    end = changed.n - USTAR_BLOCK; /* a header replaces one of two blocks of zeros */
    must(ustar_header(header, bytes_of("payloads/0.jsonl"), length, &why));
    memcpy(changed.p + end - USTAR_BLOCK, header, USTAR_BLOCK);
    buf_printf(&list, "%s\t30\tB10\t--key\t%s\n", scratch_at(&s, "long"), vkey);
    scratch_write(scratch_at(&s, "long"), (struct bytes){changed.p, end});
    int fd = open(scratch_at(&s, "long"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "{\"payload\":\"", 12, (off_t)end), 12);
    assert_int_equal(ftruncate(fd, (off_t)(end + length)), 0);
    must(export_verify(fd, &options, &report, &why));
    verdict_is(LOG_INVALID);
    close(fd);
    page_agrees();
}

/* ---- events ---- */

/* Signed again by alice with the same key, as no ledger writes it. */
static void play_again(const char *source) {
    struct buf body = {0};
    struct log_batch *batch;
    struct log_draft draft =
        scratch_draft("permission.revoked", "pack/pdf", scratch_map(&body, "{\"group\":\"exec\",\"scope\":\"in\"}"));
    draft.author = alice;
    draft.source = bytes_of(source);
    draft.key = bytes_of("0123456789abcdef0123456789abcdef");
    must(log_batch_new(s.ledger, &batch, &why));
    must(log_batch_add(batch, &draft, &why));
    batch->entry[0].author_hash = 0;
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    buf_done(&body);
}

static void an_authors_event_counts_once(void **state) {
    struct export_options o = everything();
    (void)state;
    o.from = scratch_size(&s);
    play_again("one");
    cut(&o);
    both_trusting(bytes_of_buf(&bundle), LOG_GOOD);
    play_again("two");
    cut(&o);
    both_trusting(bytes_of_buf(&bundle), LOG_INVALID);
    page_agrees();
}

/* A payload names the owner of its key, so a name that no key can have is not a name. */
static void an_authors_name_is_that_of_a_key(void **state) {
    static const char *const names[] = {"a b", "a+b",
                                        "a\xc2\xa0"
                                        "b",
                                        "a\x7f"
                                        "b"};
    struct log_author other = *alice;
    struct export_options o = everything();
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(other.signer.vkey.name, sizeof(other.signer.vkey.name), "%s", names[i]);
        o.from = box_event("permission.revoked", "pack/pdf", &other, "{\"group\":\"exec\",\"scope\":\"in\"}");
        o.to = o.from + 1;
        cut(&o);
        both_trusting(bytes_of_buf(&bundle), LOG_INVALID);
    }
    page_agrees();
}

/* Anybody can add one. */
static void lines_of_unknown_keys_only_need_the_form(void **state) {
    static char longest[1001];
    const struct {
        const char *line;
        enum log_verdict verdict;
    } lines[] = {{"\u2014 bob AAAAAAE=\n", LOG_GOOD},
                 {"\u2014 b\x7f"
                  "b AAAAAAE=\n",
                  LOG_GOOD},
                 {"\u2014 b\xc2\x9f"
                  "b AAAAAAE=\n",
                  LOG_GOOD},
                 {longest, LOG_GOOD},
                 {"\u2014 b+b AAAAAAE=\n", LOG_INVALID},
                 {"\u2014 b\xc2\xa0"
                  "b AAAAAAE=\n",
                  LOG_INVALID},
                 {"\u2014 b\x1f"
                  "b AAAAAAE=\n",
                  LOG_INVALID},
                 {"\u2014  AAAAAAE=\n", LOG_INVALID},
                 {"\u2014 bob AAAAAA==\n", LOG_INVALID},
                 {"\u2014 bob AAAAAAF=\n", LOG_INVALID},
                 {"\u2014 bob AAAAAAE= \n", LOG_INVALID},
                 {"- bob AAAAAAE=\n", LOG_INVALID},
                 {"\u2014 bob AAAAAAE=", LOG_INVALID}};
    struct export_options o = everything();
    (void)state;
    snprintf(longest, sizeof(longest), "\u2014 %0900d AAAAAAE=\n", 0);
    o.from = 195;
    o.to = 207;
    cut(&o);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        members_take(bytes_of_buf(&bundle));
        buf_put_str(&members[member("checkpoint")].content, lines[i].line);
        members_put(&changed);
        both_trusting(bytes_of_buf(&changed), lines[i].verdict);
    }
    page_agrees();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_and_nothing_else),
        cmocka_unit_test(how_much_may_come_out_of_a_file_hangs_on_all_of_it),
        cmocka_unit_test(limits_are_those_of_the_document),
        cmocka_unit_test(a_very_long_line_is_refused),
        cmocka_unit_test(an_authors_event_counts_once),
        cmocka_unit_test(an_authors_name_is_that_of_a_key),
        cmocka_unit_test(lines_of_unknown_keys_only_need_the_form),
    };
    return cmocka_run_group_tests(tests, start, done);
}
