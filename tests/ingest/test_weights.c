/* Files of weights: what their headers claim, what is refused and with which message, and that lengths are never believed. */
#include "ingest/weights/weights.h"

#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/weights/"

static int run(struct box *b, const char *path, bool verify) {
    const char *const paths[] = {path};
    return box_run(b, "weights", (struct ingest_options){.paths = paths, .n_paths = 1, .verify = verify});
}

static void write_bytes(const char *path, const uint8_t *p, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    close(fd);
}

static void want(const char *text, const char *part, bool there) {
    if ((strstr(text, part) != NULL) != there) fail_msg("%s '%s': %s", there ? "lacks" : "has", part, text);
}

static void a_header_gives_what_it_claims_and_verifying_the_digest(void **state) {
    struct box b;
    char text[16384];
    (void)state;
    box_init(&b);
    uint64_t first = box_size(&b);
    assert_int_equal(run(&b, FIXTURES "tiny.gguf", false), 0);
    assert_int_equal(b.result.total.accepted, 1);
    assert_int_equal(run(&b, FIXTURES "tiny.gguf", true), 0);
    assert_int_equal(b.result.total.accepted, 1);
    assert_int_equal(b.result.total.duplicate, 1);
    assert_int_equal(run(&b, FIXTURES "tiny.gguf", true), 0);
    assert_int_equal(b.result.total.accepted, 0);
    box_event(&b, first, text, sizeof(text));
    want(text, "model.observed model/Tiny Fixture 1B ", true);
    want(text, " declared {", true);
    want(text, "\"quantization\":\"Q4_K_M\"", true);
    want(text, "\"context_length\":4096", true);
    char *private_ = strstr(text, "} {");
    assert_non_null(private_);
    want(private_, "written by someone at /home/me", true);
    *private_ = '\0';
    want(text, "written", false);
    want(text, "tiny.gguf", false);
    box_event(&b, first + 2, text, sizeof(text));
    want(text, "model.identified model/sha256:", true);
    want(text, " measured {", true);
    want(text, "\"repo\":\"https://example.org/acme/tiny\"", true);
    want(text, "\"license\":\"apache-2.0\"", true);
    want(text, "\"llama.neg\":-3", true);
    want(text, "\"llama.rope.freq_base\":10000.0", true);
    want(text, "\"template_digest\":\"sha256:", true);
    want(text, "\"tokenizer_digest\":\"sha256:", true);
    box_done(&b);
}

static void tensors_are_counted_and_must_fill_the_file(void **state) {
    struct box b;
    char text[16384];
    (void)state;
    box_init(&b);
    uint64_t first = box_size(&b);
    assert_int_equal(run(&b, FIXTURES "tiny.safetensors", false), 0);
    box_event(&b, first, text, sizeof(text));
    want(text, "model.observed model/Tiny Tensors ", true);
    want(text, "\"parameters\":\"9\"", true);
    want(text, "\"quantization\":\"BF16\"", true);
    assert_int_equal(run(&b, FIXTURES "nameless.safetensors", false), 0);
    want(box_event(&b, first + 2, text, sizeof(text)), "model.observed model/hash-", true);
    box_done(&b);
}

/* Bytes, and the message. */
static void each_wrong_file_is_refused_in_its_own_words(void **state) {
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } cases[] = {
#define CASE(bytes, words) {bytes, sizeof(bytes) - 1, words}
        CASE("", "neither 'GGUF' nor a safetensors header is at the beginning; expected: a file of weights"),
        CASE("hello", "neither 'GGUF' nor a safetensors header is at the beginning; expected: a file of weights"),
        CASE("GGUF", "the header breaks off at byte 4, in its version"),
        CASE("GGUF\1\0\0\0", "the version is 1; expected: 2 or 3"),
        CASE("GGUF\0\0\0\3", "the file is big-endian; expected: little-endian"),
        CASE("GGUF\3\0\0\0\377\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "the header has 255 tensors, more than the file has bytes"),
        CASE("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377\0\0\0\0",
             "the header has 4294967295 pairs; expected: at most 65536"),
        CASE("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\377\377\377\377\377\377\377\377x",
             "the header breaks off at byte 32, in a key"),
        CASE("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0k\15\0\0\0",
             "'k' has type 13; expected: 0 to 12"),
        CASE("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0k\11\0\0\0\12\0\0\0\377\377\377\377\377\377\377"
             "\377",
             "the header breaks off at byte 49, in an array"),
        CASE("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0k\11\0\0\0\11\0\0\0\377\377\377\377\377\377\377"
             "\377",
             "the header breaks off at byte 49, in an array"),
        CASE("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0k\7\0\0\0\2", "a flag is 2; expected: 0 or 1"),
        CASE("GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\n\7\0\0\0\1",
             "a key before byte 33 is not a text"),
        CASE("\377\377\377\377\377\377\377\377{}",
             "the header has 18446744073709551615 bytes, and the file ends before: it is cut off, or no safetensors file"),
        CASE("\2\0\0\0\0\0\0\0{}x", "the tensors have 0 bytes, but 1 follow the header"),
#undef CASE
    };
    struct box b;
    (void)state;
    box_init(&b);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_bytes(b.file, (const uint8_t *)cases[i].bytes, cases[i].n);
        assert_int_equal(run(&b, b.file, false), 0);
        want(b.rejections, cases[i].words, true);
        assert_int_equal(b.result.total.accepted, 0);
    }
    box_done(&b);
}

static void each_wrong_tensor_is_refused_in_its_own_words(void **state) {
    static const char *const cases[][2] = {
        {"{\"a\":{}}", "tensor 'a' has no 'dtype'; expected: a word such as F16"},
        {"{\"a\":7}", "tensor 'a' has no 'dtype'; expected: a word such as F16"},
        {"{\"a\":{\"dtype\":\"F16\"}}", "tensor 'a' has no 'shape'; expected: a list of sizes"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[4294967296,4294967296,2]}}",
         "tensor 'a' has no 'shape'; expected: a list of sizes"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1]}}",
         "tensor 'a' has no 'data_offsets'; expected: where its bytes begin and end"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[2,0]}}",
         "tensor 'a' has no 'data_offsets'; expected: where its bytes begin and end"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,9]}}",
         "tensor 'a' ends after the file does: the file is cut off, or the header wrong"},
        {"{\"a\":1,\"a\":2}", "duplicate object key"},
    };
    struct box b;
    (void)state;
    box_init(&b);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t file[256] = {0};
        size_t n = strlen(cases[i][0]);
        file[0] = (uint8_t)n;
        memcpy(file + 8, cases[i][0], n);
        write_bytes(b.file, file, n + 8);
        assert_int_equal(run(&b, b.file, false), 0);
        want(b.rejections, cases[i][1], true);
    }
    box_done(&b);
}

/* Cut anywhere before its end, or with a bit flipped anywhere, it is refused in words or read as something. */
static void no_damage_is_worse_than_a_refusal(void **state) {
    static const char *const files[] = {FIXTURES "tiny.gguf", FIXTURES "tiny.safetensors"};
    char path[] = "/tmp/test_weights.XXXXXX";
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    for (size_t f = 0; f < 2; f++) {
        struct buf whole = {.max = 1 << 16};
        assert_int_equal(file_read(files[f], &whole, NULL), 0);
        size_t header = f == 0 ? whole.n - 32 : whole.n;
        for (size_t i = 0; i < header; i++) {
            for (int how = 0; how < 2; how++) {
                struct lines_digest digest = {.hash = hash_new()};
                struct weights w;
                struct err err = {0};
                size_t n = how == 0 ? i : whole.n;
                whole.p[i] ^= how == 0 ? 0 : (uint8_t)(1U << i % 8);
                assert_int_equal(pwrite(fd, whole.p, whole.n, 0), (ssize_t)whole.n);
                assert_int_equal(ftruncate(fd, (off_t)n), 0);
                whole.p[i] ^= how == 0 ? 0 : (uint8_t)(1U << i % 8);
                weights_init(&w);
                int rc = f == 0 ? weights_gguf_read(fd, n, &digest, &w, &err)
                                : weights_safetensors_read(fd, n, &digest, &w, &err);
                assert_true(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
                assert_true(how == 1 || rc != 0);
                weights_done(&w);
                hash_free(digest.hash);
            }
        }
        buf_done(&whole);
    }
    close(fd);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_gives_what_it_claims_and_verifying_the_digest),
        cmocka_unit_test(tensors_are_counted_and_must_fill_the_file),
        cmocka_unit_test(each_wrong_file_is_refused_in_its_own_words),
        cmocka_unit_test(each_wrong_tensor_is_refused_in_its_own_words),
        cmocka_unit_test(no_damage_is_worse_than_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
