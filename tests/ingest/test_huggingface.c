/* The cache of Hugging Face's hub: what a look records, once; what changes between two looks; links, loops and blobs that are
 * missing. */
#include <sys/stat.h>

#include "base/text.h"
#include "tests/ingest/ledger_box.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define OTHER  "ffffffffffffffffffffffffffffffffffffffff"

static char hub[128], digest_of_a[2 * HASH_LEN + 1];

static void put(const char *path, const char *text) {
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", hub, path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    assert_int_equal(file_make_dirs(full, NULL), 0);
    *slash = '/';
    box_write(full, text, O_TRUNC);
}

static void link_to(const char *path, const char *target) {
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", hub, path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    assert_int_equal(file_make_dirs(full, NULL), 0);
    *slash = '/';
    unlink(full);
    assert_int_equal(symlink(target, full), 0);
}

static void drop(const char *path) {
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", hub, path);
    assert_int_equal(unlink(full), 0);
}

/* A repository with one file of weights, whose content is "weights a". */
static void make_tiny(void) {
    char path[256], target[128];
    uint8_t digest[HASH_LEN];
    const struct bytes text = bytes_of("weights a");
    hash_parts(digest, &text, 1);
    text_hex(digest_of_a, digest, HASH_LEN);
    snprintf(path, sizeof(path), "models--acme--tiny/blobs/%s", digest_of_a);
    put(path, "weights a");
    put("models--acme--tiny/blobs/1111111111111111111111111111111111111111", "{}");
    put("models--acme--tiny/blobs/2222.incomplete", "half");
    put("models--acme--tiny/refs/main", COMMIT);
    snprintf(target, sizeof(target), "../../blobs/%s", digest_of_a);
    link_to("models--acme--tiny/snapshots/" COMMIT "/model.safetensors", target);
    link_to("models--acme--tiny/snapshots/" COMMIT "/config.json", "../../blobs/1111111111111111111111111111111111111111");
    link_to("models--acme--tiny/snapshots/" COMMIT "/onnx/config.json",
            "../../../blobs/1111111111111111111111111111111111111111");
}

static int run(struct box *b, bool verify) {
    const char *const paths[] = {hub};
    return box_run(b, "huggingface", (struct ingest_options){.paths = paths, .n_paths = 1, .verify = verify});
}

static void begin(struct box *b) {
    box_init(b);
    snprintf(hub, sizeof(hub), "%s/hub", b->dir);
    assert_int_equal(mkdir(hub, 0700), 0);
    make_tiny();
}

static void want(const char *text, const char *part, bool there) {
    if ((strstr(text, part) != NULL) != there) fail_msg("%s '%s': %s", there ? "lacks" : "has", part, text);
}

static void a_look_records_what_is_there_once(void **state) {
    struct box b;
    char text[16384], part[128];
    (void)state;
    begin(&b);
    uint64_t first = box_size(&b);
    assert_int_equal(run(&b, false), 0);
    assert_int_equal(b.result.total.accepted, 2);
    assert_string_equal(b.rejections, "");
    box_event(&b, first, text, sizeof(text));
    want(text, "model.observed model/acme/tiny service:huggingface huggingface declared {", true);
    snprintf(part, sizeof(part), "\"digest\":\"sha256:%s\"", digest_of_a);
    want(text, part, true);
    want(text, "\"revision\":\"" COMMIT "\"", true);
    want(text, "\"repo\":\"acme/tiny\"", true);
    want(text, "\"format\":\"safetensors\"", true);
    want(text, "\"bytes\":9", true);
    char *private_ = strstr(text, "} {");
    assert_non_null(private_);
    want(private_, "onnx/config.json", true);
    *private_ = '\0';
    want(text, "/tmp", false);
    want(text, "config.json", false);
    box_event(&b, first + 1, text, sizeof(text));
    want(text, "model.identified model/sha256:", true);
    want(text, " declared {", true);
    uint64_t after = box_size(&b);
    assert_int_equal(run(&b, false), 0);
    assert_int_equal(box_size(&b), after);
    assert_int_equal(run(&b, true), 0);
    want(box_event(&b, after, text, sizeof(text)), " measured {", true);
    assert_int_equal(b.result.total.accepted, 1);
    box_done(&b);
}

static void what_changes_between_two_looks_is_recorded(void **state) {
    struct box b;
    (void)state;
    begin(&b);
    assert_int_equal(run(&b, false), 0);
    put("models--acme--parts/refs/main", OTHER);
    put("models--acme--parts/snapshots/" OTHER "/model-00001-of-00002.safetensors", "one");
    put("models--acme--parts/snapshots/" OTHER "/model-00002-of-00002.safetensors", "two");
    put("models--acme--words/snapshots/" OTHER "/tokenizer.json", "{}"); /* no weights: no model */
    put("datasets--acme--data/snapshots/" OTHER "/model.safetensors", "no model either");
    assert_int_equal(run(&b, false), 0);
    assert_int_equal(box_count(&b, "model.observed"), 2);
    assert_int_equal(box_count(&b, "model.pulled"), 1);
    assert_int_equal(box_count(&b, "model.identified"), 1);
    for (int round = 1; round <= 2; round++) { /* it goes and comes back */
        drop("models--acme--tiny/snapshots/" COMMIT "/model.safetensors");
        assert_int_equal(run(&b, false), 0);
        assert_int_equal(box_count(&b, "model.removed"), round);
        make_tiny();
        assert_int_equal(run(&b, false), 0);
        assert_int_equal(box_count(&b, "model.pulled"), 1 + round);
        assert_int_equal(box_count(&b, "model.observed"), 2 + round);
    }
    link_to("models--acme--tiny/snapshots/" OTHER "/config.json", "../../blobs/1111111111111111111111111111111111111111");
    put("models--acme--tiny/snapshots/" OTHER "/model.gguf", "old");
    assert_int_equal(run(&b, false), 0);
    char text[16384];
    bool found = false;
    for (uint64_t seq = 0; seq < box_size(&b); seq++) {
        box_event(&b, seq, text, sizeof(text));
        found = found || strncmp(text, "model.observed model/acme/tiny@" OTHER, 71) == 0;
    }
    assert_true(found);
    box_done(&b);
}

static void links_are_not_followed_and_missing_blobs_named(void **state) {
    struct box b;
    (void)state;
    begin(&b);
    link_to("models--acme--loop", "models--acme--loop");
    link_to("models--a--blobs/snapshots/" OTHER "/model.gguf", "../../blobs/3333333333333333333333333333333333333333");
    link_to("models--a--etc/snapshots/" OTHER "/model.gguf", "/etc/passwd");
    link_to("models--a--up/snapshots/" OTHER "/model.gguf",
            "../../../models--acme--tiny/blobs/1111111111111111111111111111111111111111");
    link_to("models--a--self/snapshots/" OTHER, "../snapshots");
    put("models--a--b c/x", "");
    assert_int_equal(run(&b, false), 0);
    assert_int_equal(b.result.total.accepted, 2);
    assert_int_equal(b.result.total.rejected, 6);
    want(b.rejections, "a repository is no directory, or cannot be opened; links are not followed", true);
    want(b.rejections, "the blob of a file of the snapshot is missing: the download is incomplete, or it was removed",
         true);
    want(b.rejections, "a file of the snapshot is a link to something other than a blob of its repository", true);
    want(b.rejections, "a snapshot is no directory, or cannot be opened; links are not followed", true);
    want(b.rejections, "the directory's name is not that of a repository", true);
    /* What could not be read may be there. */
    drop("models--acme--tiny/snapshots/" COMMIT "/model.safetensors");
    assert_int_equal(run(&b, false), 0);
    assert_int_equal(box_count(&b, "model.removed"), 0);
    drop("models--acme--loop");
    drop("models--a--self/snapshots/" OTHER);
    assert_int_equal(run(&b, false), 0);
    assert_int_equal(box_count(&b, "model.removed"), 1);
    box_done(&b);
}

static void a_blob_with_other_content_is_found_out(void **state) {
    struct box b;
    char path[256], text[16384];
    (void)state;
    begin(&b);
    snprintf(path, sizeof(path), "models--acme--tiny/blobs/%s", digest_of_a);
    put(path, "weights b");
    assert_int_equal(run(&b, true), 0);
    want(b.rejections, "the content of a blob does not match its name", true);
    assert_int_equal(box_count(&b, "model.identified"), 0);
    want(box_event(&b, box_size(&b) - 2, text, sizeof(text)), "\"digest\":\"sha256:", false);
    snprintf(hub, sizeof(hub), "%s/none", b.dir);
    assert_int_equal(run(&b, false), ERR_NOTFOUND);
    box_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_records_what_is_there_once),
        cmocka_unit_test(what_changes_between_two_looks_is_recorded),
        cmocka_unit_test(links_are_not_followed_and_missing_blobs_named),
        cmocka_unit_test(a_blob_with_other_content_is_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
