/* ollama's stores on disk: what their manifests declare, and what hashing their files reveals. */
#include "base/hash.h"
#include "base/text.h"
#include "tests/ingest/ollama_box.h"

#define BIG ((size_t)1 << 20)

/* ---- making stores ------------------------------------------------------------------------------------------------ */

struct blob {
    char hex[65];
    size_t bytes;
};

static void path_of(struct ollama_box *b, char ret[512], const char *name) {
    snprintf(ret, 512, "%s/%s", b->dir, name);
}

static void put_file(struct ollama_box *b, const char *name, const char *text) {
    char path[512];
    path_of(b, path, name);
    *strrchr(path, '/') = '\0';
    assert_int_equal(file_make_dirs(path, NULL), 0);
    put(b, name, text);
}

static struct blob put_blob(struct ollama_box *b, const char *text) {
    struct blob blob = {.bytes = strlen(text)};
    const struct bytes whole = bytes_of(text);
    uint8_t digest[HASH_LEN];
    char name[96];
    hash_parts(digest, &whole, 1);
    text_hex(blob.hex, digest, HASH_LEN);
    snprintf(name, sizeof(name), "blobs/sha256-%s", blob.hex);
    put_file(b, name, text);
    return blob;
}

/* A megabyte of one letter. */
static struct blob put_big(struct ollama_box *b, char letter) {
    char *text = malloc(BIG + 1);
    assert_non_null(text);
    memset(text, letter, BIG);
    text[BIG] = '\0';
    struct blob blob = put_blob(b, text);
    free(text);
    return blob;
}

#define CONFIG                                                                                                             \
    "{\"model_format\":\"gguf\",\"model_family\":\"llama\",\"model_families\":[\"llama\"],\"model_type\":\"3.2B\",\"file_" \
    "type\":"                                                                                                              \
    "\"Q4_K_M\",\"architecture\":\"amd64\",\"os\":\"linux\"}"

static void manifest_text(struct ollama_box *b, char ret[2048], struct blob weights, struct blob template_) {
    struct blob config = put_blob(b, CONFIG);
    snprintf(ret, 2048,
             "{\"schemaVersion\":2,\"mediaType\":\"application/"
             "vnd.docker.distribution.manifest.v2+json\",\"config\":{\"mediaType\":"
             "\"application/"
             "vnd.docker.container.image.v1+json\",\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
             "\"application/vnd.ollama.image.model\",\"digest\":\"sha256:%s\",\"size\":%zu},{\"mediaType\":"
             "\"application/vnd.ollama.image.template\",\"digest\":\"sha256:%s\",\"size\":%zu}]}",
             config.hex, config.bytes, weights.hex, weights.bytes, template_.hex, template_.bytes);
}

/* A manifest at manifests/NAME, always with the same time. */
static void put_manifest(struct ollama_box *b, const char *name, struct blob weights, struct blob template_) {
    char text[2048], path[512];
    manifest_text(b, text, weights, template_);
    snprintf(path, sizeof(path), "manifests/%s", name);
    put_file(b, path, text);
    path_of(b, path, "manifests");
    size_t n = strlen(path);
    snprintf(path + n, sizeof(path) - n, "/%s", name);
    const struct timespec times[2] = {{1772352000, 500000000}, {1772352000, 500000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

#define LIBRARY "registry.ollama.ai/library/"

static int store(struct ollama_box *b, bool verify) {
    return box_run(&b->box, "ollama", (struct ingest_options){.models = b->dir, .verify = verify});
}

static void store_well(struct ollama_box *b, bool verify) {
    if (store(b, verify) != 0) {
        fail_msg("%s", b->box.err.msg);
    }
}

/* ---- how often files are hashed ----------------------------------------------------------------------------------- */

static unsigned hashed;          /* files whose hashing was started */
static const char *grows = NULL; /* a file that grows meanwhile */

int __wrap_posix_fadvise(int fd, off_t offset, off_t n, int advice);
int __wrap_posix_fadvise(int fd, off_t offset, off_t n, int advice) {
    struct stat st;
    (void)offset, (void)n, (void)advice;
    hashed++;
    if (grows != NULL && fstat(fd, &st) == 0 && st.st_size >= (off_t)BIG) {
        box_write(grows, "more", O_APPEND);
    }
    return 0;
}

static int commits_left = -1;

int __real_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err) {
    if (commits_left == 0) {
        _exit(9);
    }
    commits_left -= commits_left > 0;
    return __real_log_batch_commit(batch, receipts, ret_head, ret_at, err);
}

/* ---- manifests ---------------------------------------------------------------------------------------------------- */

static void a_manifest_tells_a_model_and_declares_its_weights(void **state) {
    struct ollama_box *b = *state;
    struct blob weights = put_blob(b, "weights"), template_ = put_blob(b, "template");
    char text[8192], want[2048], manifest[2048], hex[65];
    uint8_t digest[HASH_LEN];
    put_manifest(b, LIBRARY "tiny/latest", weights, template_);
    manifest_text(b, manifest, weights, template_);
    const struct bytes whole = bytes_of(manifest);
    hash_parts(digest, &whole, 1);
    text_hex(hex, digest, HASH_LEN);
    store_well(b, false);
    assert_int_equal(b->box.result.total.rejected, 0);
    snprintf(want, sizeof(want),
             "model.observed model/tiny:latest service:ollama ollama declared "
             "{\"bytes\":%zu,\"digest\":\"sha256:%s\",\"families\":["
             "\"llama\"],\"family\":\"llama\",\"format\":\"gguf\",\"layers\":[{\"bytes\":7,\"digest\":\"sha256:%s\","
             "\"type\":\"model\"},"
             "{\"bytes\":8,\"digest\":\"sha256:%s\",\"type\":\"template\"}],\"manifest_digest\":\"sha256:%s\",\"model\":"
             "\"tiny:latest\",\"modified_at\":1772352000500000000,\"parameters\":\"3.2B\",\"quantization\":\"Q4_K_M\","
             "\"runtime\":"
             "\"ollama\"} {\"path\":\"%s/manifests/registry.ollama.ai/library/tiny/latest\",\"raw\":{",
             strlen(CONFIG) + 15, weights.hex, weights.hex, template_.hex, hex, b->dir);
    box_event(&b->box, 1, text, sizeof(text));
    text[strlen(want)] = '\0';
    assert_string_equal(text, want);
    snprintf(
        want, sizeof(want),
        "model.identified model/sha256:%s service:ollama ollama declared {\"bytes\":7,\"digest\":\"sha256:%s\",\"format\":"
        "\"gguf\",\"manifest_digest\":\"sha256:%s\",\"model\":\"tiny:latest\",\"quantization\":\"Q4_K_M\",\"runtime\":"
        "\"ollama\","
        "\"template_digest\":\"sha256:%s\"} {\"path\":\"%s/blobs/sha256-%s\",\"raw\":",
        weights.hex, weights.hex, hex, template_.hex, b->dir, weights.hex);
    box_event(&b->box, 2, text, sizeof(text));
    text[strlen(want)] = '\0';
    assert_string_equal(text, want);
    assert_int_equal(b->box.result.receipts, 1);
    store_well(b, false);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_int_equal(b->box.result.total.duplicate, 2);
}

static void names_are_shown_as_ollama_shows_them(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "w"), t = put_blob(b, "t");
    put_manifest(b, LIBRARY "plain/1b", w, t);
    put_manifest(b, "ollama.com/library/newer/1b", w, t);
    put_manifest(b, "registry.ollama.ai/somebody/own/latest", w, t);
    put_manifest(b, "hf.co/maker/Model-GGUF/Q4_K_M", w, t);
    store_well(b, false);
    events_are(b, 1, "",
               "model.identified model/sha256:50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326 declared\n"
               "model.identified model/sha256:50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326 declared\n"
               "model.identified model/sha256:50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326 declared\n"
               "model.identified model/sha256:50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326 declared\n"
               "model.observed model/hf.co/maker/Model-GGUF:Q4_K_M declared\n"
               "model.observed model/newer:1b declared\n"
               "model.observed model/plain:1b declared\n"
               "model.observed model/somebody/own:latest declared\n");
}

static void changes_of_a_store_are_told_once(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "w"), v = put_blob(b, "v"), t = put_blob(b, "t");
    char path[512];
    put_manifest(b, LIBRARY "a/1", w, t);
    put_manifest(b, LIBRARY "b/1", v, t);
    store_well(b, false);
    uint64_t from = box_size(&b->box);
    put_manifest(b, LIBRARY "a/1", v, t);
    put_manifest(b, LIBRARY "copy/1", w, t);
    put_manifest(b, LIBRARY "new/1", v, w);
    path_of(b, path, "manifests/" LIBRARY "b/1");
    assert_int_equal(unlink(path), 0);
    store_well(b, false);
    store_well(b, false);
    assert_int_equal(b->box.result.total.accepted, 0);
    events_are(b, from, "model",
               "model.alias_set alias/a:1 declared model=\"a:1\"\n"
               "model.alias_set alias/copy:1 declared model=\"copy:1\"\n"
               "model.identified model/sha256:4c94485e0c21ae6c41ce1dfe7b6bfaceea5ab68e40a2476f50208e526f506080 declared "
               "model=\"a:1\"\n"
               "model.identified model/sha256:4c94485e0c21ae6c41ce1dfe7b6bfaceea5ab68e40a2476f50208e526f506080 declared "
               "model=\"new:1\"\n"
               "model.identified model/sha256:50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326 declared "
               "model=\"copy:1\"\n"
               "model.observed model/a:1 declared model=\"a:1\"\n"
               "model.observed model/copy:1 declared model=\"copy:1\"\n"
               "model.observed model/new:1 declared model=\"new:1\"\n"
               "model.pulled model/new:1 inferred model=\"new:1\"\n"
               "model.removed model/b:1 declared model=\"b:1\"\n");
}

static void manifests_that_are_links_to_blobs_come_before_older_ones(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "w"), v = put_blob(b, "v"), t = put_blob(b, "t");
    char text[2048], path[512], target[256];
    put_manifest(b, LIBRARY "a/1", w, t);
    manifest_text(b, text, v, t);
    struct blob manifest = put_blob(b, text);
    put_file(b, "manifests-v2/" LIBRARY "a/.keep", "");
    path_of(b, path, "manifests-v2/" LIBRARY "a/1");
    snprintf(target, sizeof(target), "../../../../blobs/sha256-%s", manifest.hex);
    assert_int_equal(symlink(target, path), 0);
    store_well(b, false);
    assert_int_equal(b->box.result.total.rejected, 0);
    char want[1024];
    snprintf(want, sizeof(want),
             "model.identified model/sha256:%s declared manifest_digest=\"sha256:%s\"\n"
             "model.observed model/a:1 declared manifest_digest=\"sha256:%s\"\n",
             v.hex, manifest.hex, manifest.hex);
    events_are(b, 1, "manifest_digest", want);
}

static void of_a_list_of_manifests_the_servers_own_runner_counts(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "w"), v = put_blob(b, "v"), t = put_blob(b, "t");
    char one[2048], two[2048], list[8192], want[512];
    manifest_text(b, one, w, t);
    manifest_text(b, two, v, t);
    struct blob child = put_blob(b, two);
    one[strlen(one) - 1] = '\0';
    snprintf(list, sizeof(list),
             "{\"schemaVersion\":2,\"mediaType\":\"application/"
             "vnd.ollama.manifest.list.v2+json\",\"manifests\":[%s,\"runner\":\"mlx\"},"
             "{\"mediaType\":\"application/"
             "vnd.docker.distribution.manifest.v2+json\",\"digest\":\"sha256:%s\",\"runner\":\"ollama\"}]}",
             one, child.hex);
    put_file(b, "manifests/" LIBRARY "a/1", list);
    store_well(b, false);
    assert_int_equal(b->box.result.total.rejected, 0);
    snprintf(want, sizeof(want),
             "model.identified model/sha256:%s declared digest=\"sha256:%s\"\n"
             "model.observed model/a:1 declared digest=\"sha256:%s\"\n",
             v.hex, v.hex, v.hex);
    events_are(b, 1, "digest", want);
}

/* ---- bad stores --------------------------------------------------------------------------------------------------- */

static void bad_manifests_are_rejected_alone_and_take_nothing_away(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "w"), t = put_blob(b, "t");
    char path[512], target[512];
    put_manifest(b, LIBRARY "good/1", w, t);
    put_manifest(b, LIBRARY "later-bad/1", w, t);
    store_well(b, false);
    uint64_t size = box_size(&b->box);
    put_file(b, "manifests/" LIBRARY "later-bad/1", "{\"layers\":[");
    put_file(b, "manifests/" LIBRARY "array/1", "[]");
    put_file(b, "manifests/" LIBRARY "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB/1", "{}");
    put_file(b, "manifests/" LIBRARY "bad\xff/1", "{}");
    put_file(b, "manifests/" LIBRARY "elsewhere/.keep", "");
    path_of(b, path, "manifests/" LIBRARY "elsewhere/1");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    path_of(b, path, "manifests/" LIBRARY "elsewhere/2");
    assert_int_equal(symlink("../../../../../blobs/sha256-" DIGEST_A, path), 0);
    path_of(b, path, "manifests/" LIBRARY "elsewhere/3");
    assert_int_equal(mkfifo(path, 0600), 0);
    path_of(b, path, "manifests/" LIBRARY "elsewhere/4");
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(b, path, "manifests/" LIBRARY "loop");
    path_of(b, target, "manifests");
    assert_int_equal(symlink(target, path), 0);
    put_file(b, "manifests/" LIBRARY "a-file", "not followed, not a directory");
    store_well(b, false);
    assert_int_equal(b->box.result.total.rejected, 9);
    static const char *const reasons[] = {"not valid JSON: line 1 column 11: ",
                                          "the answer is not a JSON object",
                                          "a model's name holds a secret (rule github-pat)",
                                          "a model's name is not UTF-8 text",
                                          "the manifest is a link to something other than a file of the store",
                                          "the manifest cannot be opened: No such file or directory",
                                          "the manifest is not a regular file",
                                          "a directory of the store is a link, which is not followed"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strstr(b->box.rejections, reasons[i]) == NULL) {
            fail_msg("'%s' is not in: %s", reasons[i], b->box.rejections);
        }
    }
    assert_int_equal(box_size(&b->box), size);
    assert_int_equal(box_count(&b->box, "model.removed"), 0);
}

static void a_manifest_without_layers_is_still_a_model(void **state) {
    struct ollama_box *b = *state;
    put_file(b, "manifests/" LIBRARY "empty/1", "{}");
    store_well(b, true);
    assert_string_equal(b->box.rejections, "0: the manifest has no array 'layers'\n");
    events_are(b, 1, "digest layers bytes", "model.observed model/empty:1 declared\n");
}

static void a_manifest_with_a_layer_that_is_none_is_no_model(void **state) {
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"{\"layers\":[{\"digest\":\"sha256:../../../../etc/passwd\",\"size\":-1},{\"digest\":5},7],\"config\":{\"digest\":"
         "\"x\",\"size\":1e300}}",
         "'layers', entry 1: 'digest'"},
        {"{\"layers\":[{\"digest\":\"sha256:" DIGEST_A "\",\"size\":1},{\"digest\":5}]}", "'layers', entry 2: 'digest'"},
        {"{\"layers\":[{\"digest\":\"sha256:" DIGEST_A "\",\"size\":-1}]}", "'layers', entry 1: 'size'"},
        {"{\"layers\":[{\"digest\":\"sha256:" DIGEST_A "\"},7]}", "'layers', entry 2: no object"},
        {"{\"layers\":[],\"config\":{\"digest\":\"sha256:" DIGEST_A "\",\"size\":1e300}}", "'config': 'size'"},
        {"{\"layers\":[],\"config\":{\"digest\":\"x\"}}", "'config': 'digest'"},
    };
    struct ollama_box *b = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_file(b, "manifests/" LIBRARY "odd/1", rows[i].text);
        store_well(b, true);
        assert_int_equal(b->box.result.total.rejected, 1);
        if (strstr(b->box.rejections, rows[i].want) == NULL) {
            fail_msg("'%s' is not in: %s", rows[i].want, b->box.rejections);
        }
        assert_non_null(strstr(b->box.rejections, "; expected: "));
    }
    assert_int_equal(box_size(&b->box), 1);
}

static void keep_place(void *ctx, const struct ingest_place *place, const char *reason) {
    (void)reason;
    snprintf(ctx, FILE_PATH_MAX, "%s", place->file);
}

static void a_directory_that_is_a_link_is_rejected_under_its_own_name(void **state) {
    struct ollama_box *b = *state;
    char path[512], got[FILE_PATH_MAX] = "";
    const struct ingest_options o = {.models = b->dir, .rejected = keep_place, .ctx = got};
    struct ingest_result result;
    put_manifest(b, LIBRARY "tiny/rnd", put_blob(b, "w"), put_blob(b, "t"));
    path_of(b, path, "manifests/" LIBRARY "loop");
    assert_int_equal(symlink(".", path), 0);
    assert_int_equal(ingest_source_run(b->box.ledger, "ollama", &o, &result, NULL), 0);
    assert_string_equal(got, path);
}

static void a_directory_that_is_no_store_is_said(void **state) {
    struct ollama_box *b = *state;
    assert_int_equal(store(b, false), ERR_NOTFOUND);
    assert_non_null(strstr(b->box.err.msg, "is not a store of ollama"));
    assert_int_equal(box_run(&b->box, "ollama", (struct ingest_options){.models = "/nonexistent"}), ERR_NOTFOUND);
    assert_int_equal(box_size(&b->box), 1);
}

/* ---- hashing ------------------------------------------------------------------------------------------------------ */

static void weights_that_were_hashed_are_measured_and_not_hashed_again(void **state) {
    struct ollama_box *b = *state;
    struct blob big = put_big(b, 'a'), t = put_blob(b, "t");
    char want[256], path[512];
    put_manifest(b, LIBRARY "a/1", big, t);
    store_well(b, false);
    uint64_t from = box_size(&b->box);
    hashed = 0;
    store_well(b, true);
    assert_int_equal(hashed, 3); /* weights, template, configuration */
    snprintf(want, sizeof(want), "model.identified model/sha256:%s measured\n", big.hex);
    events_are(b, from, "", want);
    hashed = 0;
    store_well(b, true);
    assert_int_equal(hashed, 2); /* the small ones */
    assert_int_equal(b->box.result.total.accepted, 0);
    /* another file with the same content under the same name */
    snprintf(path, sizeof(path), "%s/blobs/sha256-%s", b->dir, big.hex);
    assert_int_equal(unlink(path), 0);
    put_big(b, 'a');
    hashed = 0;
    store_well(b, true);
    assert_int_equal(hashed, 3);
    assert_int_equal(b->box.result.total.accepted, 0);
}

static void a_file_with_other_bytes_is_told_once_and_rejected_each_time(void **state) {
    struct ollama_box *b = *state;
    struct blob big = put_big(b, 'a'), other = put_big(b, 'b'), t = put_blob(b, "t");
    char path[512], from_path[512], want[1024];
    put_manifest(b, LIBRARY "a/1", big, t);
    snprintf(path, sizeof(path), "%s/blobs/sha256-%s", b->dir, big.hex);
    snprintf(from_path, sizeof(from_path), "%s/blobs/sha256-%s", b->dir, other.hex);
    assert_int_equal(rename(from_path, path), 0);
    store_well(b, false);
    assert_int_equal(b->box.result.total.rejected, 0); /* not hashed */
    uint64_t from = box_size(&b->box);
    store_well(b, true);
    snprintf(want, sizeof(want), "0: sha256-%s: the content does not match the name; its SHA-256 is %s\n", big.hex,
             other.hex);
    assert_string_equal(b->box.rejections, want);
    hashed = 0;
    store_well(b, true);
    assert_int_equal(hashed, 2);
    snprintf(want, sizeof(want), "0: sha256-%s: the content does not match the name, as was found before\n", big.hex);
    assert_string_equal(b->box.rejections, want);
    store_well(b, false);
    assert_string_equal(b->box.rejections, want);
    snprintf(want, sizeof(want),
             "doctor.observed check/ollama-blob measured check=\"ollama-blob\" target=\"sha256:%s\" status=\"mismatch\" "
             "digest=\"sha256:%s\" limit=\"sha256:%s\"\n",
             big.hex, other.hex, big.hex);
    events_are(b, from, "check target status digest limit", want);
    put_big(b, 'a');
    from = box_size(&b->box);
    store_well(b, true);
    assert_int_equal(b->box.result.total.rejected, 0);
    store_well(b, true);
    snprintf(want, sizeof(want),
             "doctor.observed check/ollama-blob measured status=\"ok\"\nmodel.identified model/sha256:%s measured\n",
             big.hex);
    events_are(b, from, "status", want);
}

static void a_file_that_is_not_there_or_too_short_is_found_without_hashing(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "weights"), t = put_blob(b, "t");
    char path[512], want[512];
    put_manifest(b, LIBRARY "a/1", w, t);
    store_well(b, false);
    snprintf(path, sizeof(path), "%s/blobs/sha256-%s", b->dir, w.hex);
    for (int round = 0; round < 2; round++) {
        uint64_t from = box_size(&b->box);
        box_write(path, "weig", O_TRUNC);
        store_well(b, false);
        snprintf(want, sizeof(want), "0: sha256-%s: the file has 4 bytes, its manifest says 7\n", w.hex);
        assert_string_equal(b->box.rejections, want);
        store_well(b, false);
        assert_string_equal(b->box.rejections, want);
        assert_int_equal(unlink(path), 0);
        store_well(b, false);
        snprintf(want, sizeof(want), "0: sha256-%s: the file is not there\n", w.hex);
        assert_string_equal(b->box.rejections, want);
        store_well(b, false);
        box_write(path, "weights", O_TRUNC);
        store_well(b, false);
        store_well(b, false);
        assert_string_equal(b->box.rejections, "");
        events_are(b, from, "status value limit unit",
                   "doctor.observed check/ollama-blob measured status=\"mismatch\" value=4 limit=7 unit=\"bytes\"\n"
                   "doctor.observed check/ollama-blob measured status=\"missing\"\n"
                   "doctor.observed check/ollama-blob measured status=\"ok\"\n");
    }
}

static void a_file_that_grows_while_it_is_hashed_proves_nothing(void **state) {
    struct ollama_box *b = *state;
    struct blob big = put_big(b, 'a'), t = put_blob(b, "t");
    char path[512];
    put_manifest(b, LIBRARY "a/1", big, t);
    store_well(b, false);
    uint64_t size = box_size(&b->box);
    snprintf(path, sizeof(path), "%s/blobs/sha256-%s", b->dir, big.hex);
    grows = path;
    store_well(b, true);
    grows = NULL;
    assert_non_null(strstr(b->box.rejections, "while it was read"));
    assert_int_equal(box_count(&b->box, "doctor.observed"), 0);
    assert_int_equal(box_size(&b->box), size);
}

static void blobs_that_are_no_files_are_not_there(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "weights"), t = put_blob(b, "t");
    char path[512];
    put_manifest(b, LIBRARY "a/1", w, t);
    snprintf(path, sizeof(path), "%s/blobs/sha256-%s", b->dir, w.hex);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    store_well(b, true);
    assert_non_null(strstr(b->box.rejections, "the file is not there"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(path, path), 0); /* a loop */
    store_well(b, true);
    assert_non_null(strstr(b->box.rejections, "the file is not there"));
}

static void what_was_hashed_before_a_kill_is_not_hashed_again(void **state) {
    struct ollama_box *b = *state;
    struct blob t = put_blob(b, "t");
    int status = 0;
    put_manifest(b, LIBRARY "a/1", put_big(b, 'a'), t);
    put_manifest(b, LIBRARY "b/1", put_big(b, 'b'), t);
    put_manifest(b, LIBRARY "c/1", put_big(b, 'c'), t);
    log_close(b->box.ledger);
    b->box.ledger = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = {0};
        struct ingest_result result;
        const struct ingest_options o = {.models = b->dir, .verify = true};
        if (log_open(b->box.log_dir, NULL, &b->box.ledger, &err) == 0) {
            commits_left = 2; /* after two of the big ones */
            ingest_source_run(b->box.ledger, "ollama", &o, &result, &err);
        }
        _exit(1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    box_open(&b->box);
    hashed = 0;
    store_well(b, true);
    assert_int_equal(hashed, 3); /* one big one, template, configuration */
    assert_int_equal(box_count(&b->box, "model.identified"), 3);
    store_well(b, true);
    assert_int_equal(b->box.result.total.accepted, 0);
}

static void a_server_with_its_store_tells_its_models_once(void **state) {
    struct ollama_box *b = *state;
    struct blob w = put_blob(b, "w"), t = put_blob(b, "t");
    server_start(b);
    put_empty(b);
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put_manifest(b, LIBRARY "a/1", w, t);
    const struct ingest_options o = {.url = b->url, .models = b->dir, .verify = true};
    assert_int_equal(box_run(&b->box, "ollama", o), 0);
    assert_int_equal(box_count(&b->box, "model.observed"), 1);
    assert_int_equal(box_count(&b->box, "model.identified"), 1);
    assert_int_equal(box_run(&b->box, "ollama", o), 0);
    assert_int_equal(b->box.result.total.accepted, 0);
    server_stop(b);
    put_manifest(b, LIBRARY "b/1", t, w);
    assert_int_equal(box_run(&b->box, "ollama", o), ERR_NET); /* the store is read nevertheless */
    assert_int_equal(box_count(&b->box, "model.identified"), 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_manifest_tells_a_model_and_declares_its_weights),
        T(names_are_shown_as_ollama_shows_them),
        T(changes_of_a_store_are_told_once),
        T(manifests_that_are_links_to_blobs_come_before_older_ones),
        T(of_a_list_of_manifests_the_servers_own_runner_counts),
        T(bad_manifests_are_rejected_alone_and_take_nothing_away),
        T(a_manifest_without_layers_is_still_a_model),
        T(a_manifest_with_a_layer_that_is_none_is_no_model),
        T(a_directory_that_is_a_link_is_rejected_under_its_own_name),
        T(a_directory_that_is_no_store_is_said),
        T(weights_that_were_hashed_are_measured_and_not_hashed_again),
        T(a_file_with_other_bytes_is_told_once_and_rejected_each_time),
        T(a_file_that_is_not_there_or_too_short_is_found_without_hashing),
        T(a_file_that_grows_while_it_is_hashed_proves_nothing),
        T(blobs_that_are_no_files_are_not_there),
        T(what_was_hashed_before_a_kill_is_not_hashed_again),
        T(a_server_with_its_store_tells_its_models_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
