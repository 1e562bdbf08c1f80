/* What dpkg's own files say is installed: states, versions, and whose file a path is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "ingest/dpkg/admin.h"

static char dir[64];

static void put(const char *name, const char *text) {
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(file_write_durable(path, bytes_of(text), 0644, NULL), 0);
}

static int setup(void **state) {
    char info[128];
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/dpkg-admin-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(info, sizeof(info), "%s/info", dir);
    assert_int_equal(mkdir(info, 0755), 0);
    put("status", "Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.2-3\nDescription: first\n"
                  " Package: two\n Version: 9\n\n"
                  "Package: gone\nStatus: deinstall ok config-files\nVersion: 4\n\n"
                  "Package: half\nStatus: install ok half-configured\nVersion: 5\n\n"
                  "Package: broken\nStatus: install reinstreq half-installed\nVersion: 6\n\n"
                  "Package: waits\nStatus: hold ok triggers-pending\nVersion: 1:7\n\n"
                  "Package: twin\nStatus: deinstall ok config-files\nArchitecture: i386\nVersion: 1\n\n"
                  "Package: twin\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n\n"
                  "Package: bare\nStatus: install ok installed\n\n"
                  "Version: 8\nStatus: install ok installed\nPackage: last");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return file_remove_tree(dir, NULL);
}

static struct dpkg_admin *opened(void) {
    struct dpkg_admin *admin = NULL;
    assert_int_equal(dpkg_admin_open(dir, &admin, NULL), 0);
    return admin;
}

static void expect(const struct dpkg_admin *admin, const char *package, const char *version) {
    struct bytes found = {0};
    bool is = dpkg_admin_installed(admin, bytes_of(package), &found);
    if (is != (version != NULL) || (is && !bytes_is(found, version))) {
        fail_msg("%s: %.*s", package, is ? (int)found.n : 4, is ? (const char *)found.p : "none");
    }
}

static void only_what_is_set_up_is_installed(void **state) {
    (void)state;
    struct dpkg_admin *admin = opened();
    expect(admin, "one", "1.2-3");
    expect(admin, "two", NULL);
    expect(admin, "gone", NULL);
    expect(admin, "half", NULL);
    expect(admin, "broken", NULL);
    expect(admin, "waits", "1:7");
    expect(admin, "twin", "2");
    expect(admin, "bare", NULL);
    expect(admin, "last", "8");
    expect(admin, "on", NULL);
    expect(admin, "", NULL);
    dpkg_admin_close(admin);
}

static void expect_owner(const struct dpkg_admin *admin, const char *path, const char *version) {
    struct bytes found = {0};
    bool is = dpkg_admin_owner(admin, path, &found);
    if (is != (version != NULL) || (is && !bytes_is(found, version))) {
        fail_msg("%s: %.*s", path, is ? (int)found.n : 4, is ? (const char *)found.p : "none");
    }
}

static void a_file_belongs_to_the_installed_package_that_lists_it(void **state) {
    char link[128], to[128], list[512];
    (void)state;
    (void)snprintf(link, sizeof(link), "%s/link", dir);
    (void)snprintf(to, sizeof(to), "%s/program", dir);
    put("program", "x");
    assert_int_equal(symlink(to, link), 0);
    (void)snprintf(list, sizeof(list), "/.\n/usr/bin\n/bin/one\n%s\n", to);
    put("info/one.list", list);
    put("info/twin:amd64.list", "/usr/bin/twin\n/usr/bin/no-line-feed");
    put("info/gone.list", "/usr/bin/gone\n");
    put("info/one.md5sums", "/usr/bin/md5\n");
    struct dpkg_admin *admin = opened();
    expect_owner(admin, "/bin/one", "1.2-3");
    expect_owner(admin, "/usr/bin/one", "1.2-3"); /* /bin and /usr/bin are one */
    expect_owner(admin, "/bin/twin", "2");
    expect_owner(admin, "/usr/bin/no-line-feed", "2");
    expect_owner(admin, "/usr/bin/twi", NULL);
    expect_owner(admin, "/usr/bin/gone", NULL);
    expect_owner(admin, "/usr/bin/md5", NULL);
    expect_owner(admin, link, "1.2-3");
    put("info/waits.list", link);
    expect_owner(admin, link, "1:7"); /* the link's own owner first */
    dpkg_admin_close(admin);
}

static void a_machine_without_dpkg_is_told_from_one_without_the_package(void **state) {
    struct dpkg_admin *admin = NULL;
    struct err err = {0};
    (void)state;
    assert_int_equal(dpkg_admin_open("/nonexistent/dpkg", &admin, &err), ERR_NOTFOUND);
    assert_null(admin);
    put("status", "");
    admin = opened();
    expect(admin, "one", NULL);
    dpkg_admin_close(admin);
    dpkg_admin_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_set_up_is_installed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_belongs_to_the_installed_package_that_lists_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_machine_without_dpkg_is_told_from_one_without_the_package, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
