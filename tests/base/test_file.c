/* Files: what is read is complete or refused; what is written is complete or absent, even if any step fails. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- faults: the Nth of the wrapped calls fails -------------------------------------------------------------------- */

static int calls_until_fault; /* 0: none */
static int fault_errno;
static bool fault_kills; /* the process exits there instead */

static int fault(void) {
    if (calls_until_fault > 0 && --calls_until_fault == 0) {
        if (fault_kills) {
            _exit(99);
        }
        errno = fault_errno;
        return 1;
    }
    return 0;
}

static long statfs_type; /* not 0: what statfs reports */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
    return fault() ? -1 : __real_fsync(fd);
}
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n) {
    if (fault()) return -1;
    /* Short writes, so that the loop is exercised. */
    return __real_write(fd, p, calls_until_fault != 0 && n > 3 ? 3 : n);
}
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode) {
    return fault() ? -1 : __real_fchmod(fd, mode);
}
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to) {
    return fault() ? -1 : __real_rename(from, to);
}
static bool renames_only_over; /* the file system has no RENAME_NOREPLACE */
int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    if (renames_only_over) {
        errno = EINVAL;
        return -1;
    }
    return fault() ? -1 : __real_renameat2(from_dir, from, to_dir, to, flags);
}
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to) {
    return fault() ? -1 : __real_link(from, to);
}
static bool others_unlink_first;
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path) {
    if (others_unlink_first) {
        (void)__real_unlink(path);
    }
    if (fault_kills && fault()) return -1;
    return __real_unlink(path);
}
int __real_mkostemp(char *template, int flags);
int __wrap_mkostemp(char *template, int flags);
int __wrap_mkostemp(char *template, int flags) {
    return fault() ? -1 : __real_mkostemp(template, flags);
}
int __real_statfs(const char *path, struct statfs *ret);
int __wrap_statfs(const char *path, struct statfs *ret);
int __wrap_statfs(const char *path, struct statfs *ret) {
    int rc = __real_statfs(path, ret);
    if (rc == 0 && statfs_type != 0) {
        ret->f_type = statfs_type;
    }
    return rc;
}

/* ---- a directory of our own ---------------------------------------------------------------------------------------- */

static char scratch[256];

static const char *at(const char *name) {
    static char paths[4][FILE_PATH_MAX];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    assert_int_equal(file_join(path, scratch, name, NULL), 0);
    return path;
}

static int make_scratch(void **state) {
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(scratch, sizeof(scratch), "%s/test_file.XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(scratch) == NULL ? -1 : 0;
}

static int remove_scratch(void **state) {
    (void)state;
    calls_until_fault = 0;
    statfs_type = 0;
    renames_only_over = others_unlink_first = false;
    return file_remove_tree(scratch, NULL) != 0 || file_exists(scratch);
}

static void put(const char *name, const char *text) {
    assert_int_equal(file_write_durable(at(name), bytes_of(text), 0600, NULL), 0);
}

static void assert_content(const char *name, const char *text) {
    struct buf out;
    buf_init(&out, 100000);
    assert_int_equal(file_read(at(name), &out, NULL), 0);
    assert_true(bytes_is(bytes_of_buf(&out), text));
    buf_done(&out);
}

static void assert_names_in_scratch(size_t want) {
    DIR *dir = opendir(scratch);
    assert_non_null(dir);
    size_t names = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        names += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    closedir(dir);
    assert_int_equal(names, want);
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static void a_file_is_read_whole_after_what_the_buffer_holds(void **state) {
    (void)state;
    put("a", "content");
    struct buf out;
    buf_init(&out, 100);
    buf_put_str(&out, "before ");
    assert_int_equal(file_read(at("a"), &out, NULL), 0);
    assert_true(bytes_is(bytes_of_buf(&out), "before content"));
    buf_done(&out);
}

static void a_file_that_just_fits_is_read_and_one_byte_more_is_refused(void **state) {
    (void)state;
    put("a", "12345");
    struct err err = {0};
    struct buf out;
    buf_init(&out, 5);
    assert_int_equal(file_read(at("a"), &out, &err), 0);
    assert_true(bytes_is(bytes_of_buf(&out), "12345"));
    buf_done(&out);
    buf_init(&out, 4);
    assert_int_equal(file_read(at("a"), &out, &err), ERR_LIMIT);
    assert_non_null(strstr(err.msg, "/a' is larger than 4 bytes"));
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

static void large_and_empty_files_are_read(void **state) {
    (void)state;
    struct buf big, out;
    buf_init(&big, 1 << 20);
    for (uint32_t i = 0; i < 100000; i++) {
        buf_put_be32(&big, i);
    }
    assert_int_equal(file_write_durable(at("big"), bytes_of_buf(&big), 0600, NULL), 0);
    buf_init(&out, 1 << 20);
    assert_int_equal(file_read(at("big"), &out, NULL), 0);
    assert_true(bytes_eq(bytes_of_buf(&big), bytes_of_buf(&out)));
    buf_clear(&out);
    put("empty", "");
    assert_int_equal(file_read(at("empty"), &out, NULL), 0);
    assert_int_equal(out.n, 0);
    buf_done(&out);
    buf_done(&big);
}

static void a_file_that_claims_to_be_empty_is_read_all_the_same(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 100000);
    assert_int_equal(file_read("/proc/self/status", &out, NULL), 0);
    assert_true(bytes_has_prefix(bytes_of_buf(&out), "Name:"));
    buf_done(&out);
}

static void what_is_no_file_is_refused_with_its_name(void **state) {
    (void)state;
    struct err err = {0};
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(file_read(scratch, &out, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "is a directory; expected a file"));
    assert_int_equal(file_read(at("absent"), &out, &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, "/absent': No such file"));
    assert_int_equal(file_read(at("absent/below"), &out, &err), ERR_NOTFOUND);

    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char cwd[FILE_PATH_MAX];
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    assert_int_equal(chdir(scratch), 0);
    memcpy(name.sun_path, "socket", 7);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(file_read("socket", &out, &err), ERR_IO);
    assert_int_equal(chdir(cwd), 0);
    close(fd);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

static void a_dash_is_standard_input_even_when_it_does_not_block(void **state) {
    (void)state;
    int ends[2], kept = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(ends[1], "late", 4) == 4 ? 0 : 1);
    }
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    struct buf out;
    buf_init(&out, 100);
    int rc = file_read("-", &out, NULL);
    dup2(kept, STDIN_FILENO);
    close(kept);
    close(ends[0]);
    assert_int_equal(rc, 0);
    assert_true(bytes_is(bytes_of_buf(&out), "late"));
    buf_done(&out);
}

/* ---- writing ------------------------------------------------------------------------------------------------------- */

static void a_durable_write_replaces_and_sets_the_mode(void **state) {
    (void)state;
    mode_t mask = umask(077);
    put("a", "old");
    assert_int_equal(file_write_durable(at("a"), bytes_of("new"), 0644, NULL), 0);
    umask(mask);
    assert_content("a", "new");
    struct stat st;
    assert_int_equal(stat(at("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_names_in_scratch(1);
}

static void a_durable_write_that_fails_anywhere_leaves_old_or_new_and_no_litter(void **state) {
    (void)state;
    int failed = 0;
    for (int n = 1; n < 100; n++) {
        put("a", "the old content");
        calls_until_fault = n;
        fault_errno = ENOSPC;
        struct err err = {0};
        int rc = file_write_durable(at("a"), bytes_of("the new content"), 0600, &err);
        bool reached = calls_until_fault == 0;
        calls_until_fault = 0;
        assert_names_in_scratch(1);
        if (!reached) {
            assert_int_equal(rc, 0);
            assert_content("a", "the new content");
            break;
        }
        failed++;
        assert_int_equal(rc, ERR_FULL);
        /* Only the last step, syncing the directory, comes after the rename. */
        assert_content("a", strstr(err.msg, "syncing directory") != NULL ? "the new content" : "the old content");
    }
    assert_true(failed >= 9); /* temporary name, mode, five short writes, sync, rename, directory */
}

static void a_durable_write_goes_through_what_is_no_regular_file(void **state) {
    (void)state;
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    int fd = open(at("fifo"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(symlink("fifo", at("link")), 0);
    assert_int_equal(file_write_durable(at("fifo"), bytes_of("straight "), 0600, NULL), 0);
    assert_int_equal(file_write_durable(at("link"), bytes_of("by a link"), 0600, NULL), 0);
    char got[64] = "";
    assert_int_equal(read(fd, got, sizeof(got) - 1), 18);
    assert_string_equal(got, "straight by a link");
    close(fd);
    struct stat st;
    assert_int_equal(lstat(at("fifo"), &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(lstat(at("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    struct err err = {0};
    assert_int_equal(file_make_dirs(at("dir"), NULL), 0);
    assert_int_equal(file_write_durable(at("dir"), bytes_of("x"), 0600, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "/dir' is a directory"));
    assert_names_in_scratch(3);
}

static void a_durable_write_to_a_device_leaves_it_a_device(void **state) {
    (void)state;
    if (mknod(at("null"), S_IFCHR | 0600, makedev(1, 3)) != 0 || mknod(at("full"), S_IFCHR | 0600, makedev(1, 7)) != 0) {
        skip(); /* only root may */
    }
    int rc = file_write_durable(at("null"), bytes_of("x"), 0644, NULL);
    struct stat st;
    assert_int_equal(lstat(at("null"), &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    if (rc != 0) {
        skip(); /* a file system without devices */
    }
    assert_int_equal(file_write_durable(at("full"), bytes_of("x"), 0644, NULL), ERR_FULL);
    assert_names_in_scratch(2);
}

static void a_durable_write_replaces_what_a_link_points_to(void **state) {
    (void)state;
    assert_int_equal(file_make_dirs(at("real"), NULL), 0);
    assert_int_equal(file_make_dirs(at("links"), NULL), 0);
    put("real/file", "old");
    assert_int_equal(symlink("../real/file", at("links/relative")), 0);
    assert_int_equal(symlink(at("links/relative"), at("absolute")), 0);
    assert_int_equal(symlink("../real/not-yet", at("links/dangling")), 0);
    assert_int_equal(symlink("circle", at("circle")), 0);
    put("absolute", "new");
    put("links/dangling", "made");
    assert_content("real/file", "new");
    assert_content("real/not-yet", "made");
    static const char *const links[] = {"absolute", "links/relative", "links/dangling"};
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct stat st;
        assert_int_equal(lstat(at(links[i]), &st), 0);
        assert_true(S_ISLNK(st.st_mode));
    }
    assert_int_equal(file_write_durable(at("circle"), bytes_of("x"), 0600, NULL), ERR_IO);
}

static void a_piecewise_write_appears_whole_or_not_at_all(void **state) {
    (void)state;
    struct file_out out;
    struct err err = {0};
    put("a", "old");
    assert_int_equal(file_out_begin(&out, at("a"), 0640, NULL), 0);
    assert_int_equal(write(out.fd, "half ", 5), 5);
    assert_content("a", "old");
    file_out_abort(&out);
    assert_content("a", "old");
    assert_names_in_scratch(1);
    assert_int_equal(file_out_begin(&out, at("a"), 0640, NULL), 0);
    assert_int_equal(write(out.fd, "half and half", 13), 13);
    assert_int_equal(file_out_commit(&out, NULL), 0);
    assert_content("a", "half and half");
    assert_names_in_scratch(1);
    assert_int_equal(file_out_begin(&out, at("no/dir"), 0640, &err), ERR_NOTFOUND);
}

static void creating_refuses_what_exists_links_too(void **state) {
    (void)state;
    struct err err = {0};
    assert_int_equal(file_create_durable(at("a"), bytes_of("mine"), 0400, &err), 0);
    assert_int_equal(file_create_durable(at("a"), bytes_of("other"), 0400, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "/a' exists already"));
    assert_content("a", "mine");
    struct stat st;
    assert_int_equal(stat(at("a"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(symlink(at("nowhere"), at("link")), 0);
    assert_int_equal(file_create_durable(at("link"), bytes_of("x"), 0600, &err), ERR_CONFLICT);
    assert_false(file_exists(at("nowhere")));
    assert_int_equal(file_create_durable(at("no/dir"), bytes_of("x"), 0600, &err), ERR_NOTFOUND);
}

static void create_with_faults(void) {
    for (int n = 1; n < 100; n++) {
        calls_until_fault = n;
        fault_errno = EIO;
        struct err err = {0};
        int rc = file_create_durable(at("a"), bytes_of("the content"), 0600, &err);
        bool reached = calls_until_fault == 0;
        calls_until_fault = 0;
        assert_names_in_scratch(file_exists(at("a")));
        if (!reached) {
            assert_int_equal(rc, 0);
            assert_content("a", "the content");
            return;
        }
        assert_int_equal(rc, ERR_IO);
        if (file_exists(at("a"))) {
            assert_non_null(strstr(err.msg, "syncing directory"));
            assert_content("a", "the content");
            assert_int_equal(unlink(at("a")), 0);
        }
    }
    fail_msg("the sweep never came to its end");
}

static void creating_that_fails_leaves_no_part_behind(void **state) {
    (void)state;
    create_with_faults();
    assert_int_equal(unlink(at("a")), 0);
    renames_only_over = true;
    create_with_faults();
    struct err err = {0};
    assert_int_equal(file_create_durable(at("a"), bytes_of("other"), 0600, &err), ERR_CONFLICT);
    assert_content("a", "the content");
    assert_names_in_scratch(1);
}

/* What a later run removes; the file itself is not affected. */
static void sweep_temporary_names(void) {
    DIR *dir = opendir(scratch);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, ".ledger-tmp-", 12) == 0) {
            assert_int_equal(file_wipe(at(entry->d_name), NULL), 0);
        }
    }
    closedir(dir);
}

static void create_and_be_killed(void) {
    for (int n = 1; n < 100; n++) {
        pid_t child = fork();
        if (child == 0) {
            calls_until_fault = n;
            fault_kills = true;
            _exit(file_create_durable(at("a"), bytes_of("the content"), 0600, NULL) == 0 ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (file_exists(at("a"))) {
            assert_content("a", "the content");
        }
        sweep_temporary_names();
        assert_names_in_scratch(file_exists(at("a")));
        if (file_exists(at("a"))) {
            assert_content("a", "the content");
            assert_int_equal(unlink(at("a")), 0);
        }
        if (WEXITSTATUS(status) == 0) {
            assert_true(n > 6);
            return;
        }
        assert_int_equal(WEXITSTATUS(status), 99);
    }
    fail_msg("the sweep never came to its end");
}

static void a_kill_while_creating_leaves_all_of_the_file_or_nothing_under_its_name(void **state) {
    (void)state;
    create_and_be_killed();
    renames_only_over = true;
    create_and_be_killed();
}

static void wiping_zeroes_the_bytes_and_removes_the_name(void **state) {
    (void)state;
    put("secret", "correct horse battery staple");
    assert_int_equal(link(at("secret"), at("other-name")), 0);
    assert_int_equal(file_wipe(at("secret"), NULL), 0);
    assert_false(file_exists(at("secret")));
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(file_read(at("other-name"), &out, NULL), 0);
    assert_int_equal(out.n, strlen("correct horse battery staple"));
    for (size_t i = 0; i < out.n; i++) {
        assert_int_equal(out.p[i], 0);
    }
    buf_done(&out);
    assert_int_equal(file_wipe(at("secret"), NULL), 0);
}

static void what_somebody_else_removes_meanwhile_is_wiped_too(void **state) {
    (void)state;
    put("secret", "x");
    others_unlink_first = true;
    assert_int_equal(file_wipe(at("secret"), NULL), 0);
    assert_false(file_exists(at("secret")));
}

static void a_temporary_file_is_not_wiped_while_it_is_written(void **state) {
    (void)state;
    struct file_out out;
    assert_int_equal(file_out_begin(&out, at("a"), 0600, NULL), 0);
    assert_int_equal(write(out.fd, "content", 7), 7);
    assert_int_equal(file_wipe(out.temporary, NULL), 0);
    assert_int_equal(file_out_commit(&out, NULL), 0);
    assert_content("a", "content");
    put(".ledger-tmp-orphan", "secret");
    assert_int_equal(file_wipe(at(".ledger-tmp-orphan"), NULL), 0);
    assert_names_in_scratch(1);
}

static void wiping_neither_follows_links_nor_touches_other_things(void **state) {
    (void)state;
    put("kept", "kept");
    assert_int_equal(symlink(at("kept"), at("link")), 0);
    assert_int_equal(file_wipe(at("link"), NULL), ERR_IO);
    assert_int_equal(file_wipe(scratch, NULL), ERR_IO);
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_int_equal(file_wipe(at("fifo"), NULL), ERR_IO);
    assert_content("kept", "kept");
}

static void a_wipe_that_cannot_sync_says_so_and_keeps_the_name(void **state) {
    (void)state;
    put("secret", "x");
    calls_until_fault = 2; /* write, then fsync */
    fault_errno = EIO;
    assert_int_equal(file_wipe(at("secret"), NULL), ERR_IO);
    calls_until_fault = 0;
    assert_true(file_exists(at("secret")));
}

/* ---- directories --------------------------------------------------------------------------------------------------- */

static void network_file_systems_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        long type;
        const char *name;
    } rows[] = {{0x6969, "NFS"},    {0x517b, "SMB"},     {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"},
                {0x01021997, "9p"}, {0x5346414f, "AFS"}, {0x00c36400, "Ceph"}, {0x73757245, "Coda"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        statfs_type = rows[i].type;
        struct err err = {0};
        assert_int_equal(file_check_local(scratch, &err), ERR_INVALID);
        char want[64];
        snprintf(want, sizeof(want), "is on %s, a network file system", rows[i].name);
        assert_non_null(strstr(err.msg, want));
        assert_int_equal(file_check_local(at("not/yet/there"), NULL), ERR_INVALID);
    }
    statfs_type = 0xef53; /* ext4 */
    assert_int_equal(file_check_local(scratch, NULL), 0);
    assert_int_equal(file_check_local(at("not/yet/there"), NULL), 0);
    assert_int_equal(file_check_local("bare-name-that-is-not-there", NULL), 0);
}

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, make_scratch, remove_scratch)

int main(void) {
    const struct CMUnitTest tests[] = {
        scratch_test(a_file_is_read_whole_after_what_the_buffer_holds),
        scratch_test(a_file_that_just_fits_is_read_and_one_byte_more_is_refused),
        scratch_test(large_and_empty_files_are_read),
        scratch_test(a_file_that_claims_to_be_empty_is_read_all_the_same),
        scratch_test(what_is_no_file_is_refused_with_its_name),
        scratch_test(a_dash_is_standard_input_even_when_it_does_not_block),
        scratch_test(a_durable_write_replaces_and_sets_the_mode),
        scratch_test(a_durable_write_that_fails_anywhere_leaves_old_or_new_and_no_litter),
        scratch_test(a_durable_write_goes_through_what_is_no_regular_file),
        scratch_test(a_durable_write_to_a_device_leaves_it_a_device),
        scratch_test(a_durable_write_replaces_what_a_link_points_to),
        scratch_test(a_piecewise_write_appears_whole_or_not_at_all),
        scratch_test(creating_refuses_what_exists_links_too),
        scratch_test(creating_that_fails_leaves_no_part_behind),
        scratch_test(a_kill_while_creating_leaves_all_of_the_file_or_nothing_under_its_name),
        scratch_test(wiping_zeroes_the_bytes_and_removes_the_name),
        scratch_test(what_somebody_else_removes_meanwhile_is_wiped_too),
        scratch_test(a_temporary_file_is_not_wiped_while_it_is_written),
        scratch_test(wiping_neither_follows_links_nor_touches_other_things),
        scratch_test(a_wipe_that_cannot_sync_says_so_and_keeps_the_name),
        scratch_test(network_file_systems_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
