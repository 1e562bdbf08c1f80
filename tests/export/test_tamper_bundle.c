/* A bundle that was changed in any way is refused: every byte, every length, every arrangement of members. Of each byte one bit
 * is flipped, with LEDGER_TEST_FULL=1 all eight. */
#include "tests/export/forge.h"

#include "base/archive/zst.h"

/* The same signatures are verified over and over, so results are remembered. */
#define MEMORY 4096
static struct {
    uint8_t digest[HASH_LEN];
    bool there, good;
} verified[MEMORY];

bool __real_crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                         const uint8_t public_key[CRYPT_PUBLIC_LEN]);
bool __wrap_crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                         const uint8_t public_key[CRYPT_PUBLIC_LEN]);
bool __wrap_crypt_verify(const uint8_t signature[CRYPT_SIGNATURE_LEN], struct bytes message,
                         const uint8_t public_key[CRYPT_PUBLIC_LEN]) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, (struct bytes[]){{signature, CRYPT_SIGNATURE_LEN}, {public_key, CRYPT_PUBLIC_LEN}, message}, 3);
    size_t at = be16_get(digest) % MEMORY;
    if (!verified[at].there || memcmp(verified[at].digest, digest, HASH_LEN) != 0) {
        memcpy(verified[at].digest, digest, HASH_LEN);
        verified[at].good = __real_crypt_verify(signature, message, public_key);
        verified[at].there = true;
    }
    return verified[at].good;
}

/* ---- bits and lengths ---- */

/* Every second byte from this one on; false if one is accepted. */
static bool flip_half(size_t first) {
    buf_clear(&changed);
    buf_put_bytes(&changed, bytes_of_buf(&bundle));
    const bool all = getenv("LEDGER_TEST_FULL") != NULL;
    for (size_t i = first; i < bundle.n; i += 2) {
        unsigned one = (unsigned)(i + i / 8) % 8;
        for (unsigned bit = all ? 0 : one; bit < (all ? 8 : one + 1); bit++) {
            changed.p[i] ^= (uint8_t)(1 << bit);
            verify(bytes_of_buf(&changed), trust);
            if (report.log.verdict != LOG_INVALID || report.log.n_findings == 0) {
                fprintf(stderr, "bit %u of byte %zu: verdict %d\n", bit, i, (int)report.log.verdict);
                return false;
            }
            changed.p[i] ^= (uint8_t)(1 << bit);
        }
    }
    return true;
}

static void no_flipped_bit_passes(void **state) {
    int status;
    (void)state;
    cut_small();
    pid_t pid = fork(); /* it takes a while: two at a time */
    assert_true(pid >= 0);
    if (pid == 0) {
        verify_fd = -1;
        _exit(flip_half(1) ? 0 : 1);
    }
    bool good = flip_half(0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(good && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void no_truncation_passes_and_nothing_may_follow(void **state) {
    (void)state;
    cut_small();
    for (size_t n = 0; n < bundle.n; n++) {
        verify((struct bytes){bundle.p, n}, trust);
        if (report.log.verdict != LOG_INVALID) {
            fail_msg("%zu bytes: verdict %d", n, (int)report.log.verdict);
        }
    }
    for (size_t n = 1; n <= 2 * USTAR_BLOCK; n += USTAR_BLOCK - 1) {
        static const uint8_t zeros[2 * USTAR_BLOCK];
        buf_clear(&changed);
        buf_put_bytes(&changed, bytes_of_buf(&bundle));
        buf_put(&changed, zeros, n);
        is_invalid(bytes_of_buf(&changed), "", "something follows the end of the archive");
    }
    buf_clear(&changed);
    buf_put(&changed, bundle.p, bundle.n - USTAR_BLOCK);
    is_invalid(bytes_of_buf(&changed), "", "the file is cut short");
}

static int from_changed(void *ctx, void *p, size_t n, size_t *ret_n, struct err *err) {
    size_t *at = ctx;
    (void)err;
    *ret_n = changed.n - *at < n ? changed.n - *at : n;
    memcpy(p, changed.p + *at, *ret_n);
    *at += *ret_n;
    return 0;
}

static bool unpacks_to(const struct buf *want) {
    struct zst_reader *reader;
    struct buf got;
    size_t at = 0, n = 1;
    buf_init(&got, (size_t)64 << 20);
    must(zst_reader_new(from_changed, &at, &reader, &why));
    while (n > 0) {
        uint8_t *room = buf_room(&got, 65536);
        assert_non_null(room);
        must(zst_read(reader, room, 65536, &n, &why));
        got.n += n;
    }
    bool same = bytes_eq(bytes_of_buf(&got), bytes_of_buf(want));
    zst_reader_free(reader);
    buf_done(&got);
    return same;
}

static void a_compressed_bundle_that_is_cut_or_changed_does_not_pass(void **state) {
    struct export_options o = everything();
    struct buf plain;
    (void)state;
    buf_init(&plain, (size_t)64 << 20);
    must(try_cut_of(s.ledger, &o, &plain));
    o.plain = false;
    cut(&o);
    is_good();
    for (size_t n = 0; n < bundle.n; n++) {
        verify((struct bytes){bundle.p, n}, trust);
        verdict_is(LOG_INVALID);
    }
    buf_clear(&changed);
    buf_put_bytes(&changed, bytes_of_buf(&bundle));
    for (size_t i = 0; i < bundle.n; i++) { /* some bits of a frame have no effect: then the content is the same */
        changed.p[i] ^= 1;
        verify(bytes_of_buf(&changed), trust);
        if (report.log.verdict != LOG_INVALID && !unpacks_to(&plain)) {
            fail_msg("byte %zu: verdict %d", i, (int)report.log.verdict);
        }
        changed.p[i] ^= 1;
    }
    buf_put_u8(&changed, 0);
    is_invalid(bytes_of_buf(&changed), "", "something follows the compressed content");
    buf_done(&plain);
}

static int into_changed(void *ctx, struct bytes bytes, struct err *err) {
    (void)ctx;
    buf_put_bytes(&changed, bytes);
    return buf_check(&changed, "a bomb", err);
}

/* `n` bytes, then zeros. */
static void put_bomb(struct bytes front, size_t n_zeros) {
    static const uint8_t zeros[1 << 20];
    struct zst_writer *writer;
    buf_clear(&changed);
    must(zst_writer_new(1, true, into_changed, NULL, &writer, &why));
    must(zst_write(writer, front, &why));
    for (; n_zeros > 0; n_zeros--) {
        must(zst_write(writer, (struct bytes){zeros, sizeof(zeros)}, &why));
    }
    must(zst_writer_end(writer, &why));
    zst_writer_free(writer);
}

static void a_bomb_ends_early(void **state) {
    struct export_options o = everything();
    static const uint8_t nothing[1] = {0};
    uint8_t header[USTAR_BLOCK], *zeros;
    char name[160];
    struct buf large;
    (void)state;
    put_bomb((struct bytes){0}, 200);
    is_invalid(bytes_of_buf(&changed), "", "something follows the end of the archive");
    must(ustar_header(header, bytes_of(BUNDLE_MANIFEST), USTAR_SIZE_MAX, &why));
    put_bomb((struct bytes){header, sizeof(header)}, 200);
    is_invalid(bytes_of_buf(&changed), BUNDLE_MANIFEST, "it has 8589934591 bytes; expected 1 to 2097152");
    /* an artifact of very many zeros: only its size is wrong */
    box_artifact(0, bytes_of("small"));
    box_name_artifact(0, 5);
    o.artifacts = true;
    cut(&o);
    members_take(bytes_of_buf(&bundle));
    snprintf(name, sizeof(name), "artifacts/%s", artifact_hex[0]);
    size_t all = n_members;
    n_members = member(name);
    members_put(&changed);
    n_members = all;
    buf_init(&large, (size_t)1 << 20);
    buf_put(&large, changed.p, changed.n - (size_t)2 * USTAR_BLOCK);
    must(ustar_header(header, bytes_of(name), (uint64_t)1 << 32, &why));
    buf_put(&large, header, sizeof(header));
    put_bomb(bytes_of_buf(&large), 200);
    is_invalid(bytes_of_buf(&changed), name, "it unpacks to more than 1024 times its size");
    buf_done(&large);
    /* which an exporter does not write */
    buf_init(&large, (size_t)80 << 20);
    zeros = buf_room(&large, (size_t)80 << 20);
    assert_non_null(zeros);
    memset(zeros, nothing[0], (size_t)80 << 20);
    large.n = (size_t)80 << 20;
    box_artifact(1, bytes_of_buf(&large));
    box_name_artifact(1, large.n);
    buf_done(&large);
    o.plain = false;
    must_fail(try_cut_of(s.ledger, &o, &bundle), ERR_LIMIT, "write it plain");
    o.plain = true;
    cut(&o);
    is_good();
    assert_int_equal(report.counts.artifact_bytes, 5 + ((uint64_t)80 << 20));
}

static void very_many_members_end_early(void **state) {
    uint8_t header[USTAR_BLOCK];
    (void)state;
    cut_small();
    for (size_t at = 0; at < bundle.n; at += USTAR_BLOCK) { /* wherever one begins, many more follow */
        char name[USTAR_NAME_MAX + 1];
        uint64_t size;
        if (ustar_parse(bundle.p + at, name, &size, NULL) != 0) continue;
        buf_clear(&changed);
        buf_put(&changed, bundle.p, at);
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(name, sizeof(name), "entries/%u", i + 1);
            must(ustar_header(header, bytes_of(name), 0, &why));
            buf_put(&changed, header, sizeof(header));
        }
        verify(bytes_of_buf(&changed), trust);
        verdict_is(LOG_INVALID);
        assert_int_equal(lseek(verify_fd, 0, SEEK_CUR) > (off_t)(at + ((size_t)256 << 10)), false);
    }
}

/* ---- members ---- */

static void members_stand_once_in_their_order_under_their_names(void **state) {
    (void)state;
    cut_full();
    verify(tar_of_members(), trust);
    verdict_is(LOG_GOOD);
    for (size_t i = 0; i < n_members; i++) {
        struct member gone = members[i];
        memmove(&members[i], &members[i + 1], (n_members - i - 1) * sizeof(gone));
        n_members--;
        must_not_pass("without", i);
        memmove(&members[i + 1], &members[i], (n_members - i) * sizeof(gone));
        n_members++;
        members[i] = gone;
        memmove(&members[i + 1], &members[i], (n_members - i) * sizeof(gone)); /* twice */
        n_members++;
        must_not_pass("twice", i);
        memmove(&members[i], &members[i + 1], (n_members - i - 1) * sizeof(gone));
        n_members--;
        for (size_t k = 0; k < i; k++) {
            members[i] = members[k];
            members[k] = gone;
            must_not_pass("swapped", i);
            members[k] = members[i];
            members[i] = gone;
        }
        members[i].name[0] ^= 1;
        must_not_pass("renamed", i);
        members[i].name[0] ^= 1;
        buf_put_u8(&members[i].content, '\n');
        must_not_pass("longer", i);
        members[i].content.n -= 2;
        must_not_pass("shorter", i);
        members[i].content.n++;
        size_t n = members[i].content.n;
        members[i].content.n = 0;
        must_not_pass("empty", i);
        members[i].content.n = n;
    }
}

static void members_of_two_ledgers_do_not_go_together(void **state) {
    struct member mine[MEMBERS_MAX];
    struct scratch other;
    struct export_options o = everything();
    struct buf theirs;
    size_t n;
    (void)state;
    cut(&o);
    members_take(bytes_of_buf(&bundle));
    n = n_members;
    memcpy(mine, members, sizeof(mine));
    n_members = 0;
    scratch_new(&other, 0);
    for (int i = 0; i < 4; i++) {
        scratch_append(&other, i, NULL);
    }
    buf_init(&theirs, (size_t)64 << 20);
    must(try_cut_of(other.ledger, &o, &theirs));
    verify(bytes_of_buf(&theirs), trust);
    verdict_is(LOG_CONTRADICTS); /* another key under the same name */
    members_take(bytes_of_buf(&theirs));
    assert_int_equal(n_members, n);
    for (size_t i = 0; i < n; i++) {
        struct member one = members[i];
        members[i] = mine[i];
        if (!bytes_eq(bytes_of_buf(&one.content), bytes_of_buf(&mine[i].content))) { /* VERIFY.md is unchanged */
            must_not_pass("theirs with one of mine", i);
        }
        members[i] = one;
    }
    for (size_t i = 0; i < n; i++) {
        buf_done(&mine[i].content);
    }
    buf_done(&theirs);
    scratch_done(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SMALL(no_flipped_bit_passes),
        SMALL(no_truncation_passes_and_nothing_may_follow),
        SMALL(a_compressed_bundle_that_is_cut_or_changed_does_not_pass),
        SMALL(a_bomb_ends_early),
        SMALL(very_many_members_end_early),
        FULL(members_stand_once_in_their_order_under_their_names),
        SMALL(members_of_two_ledgers_do_not_go_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
