/* The files of share/serve, as they were when the program was built. */
#include "serve/pages/page.h"

#define FILE_IN(name, path)                                                                                                \
    __asm__(".pushsection .rodata\n"                                                                                       \
            ".global page_file_" name "\n.global page_file_" name "_end\n"                                                 \
            ".hidden page_file_" name "\n.hidden page_file_" name "_end\n"                                                 \
            "page_file_" name ":\n.incbin \"" path "\"\npage_file_" name "_end:\n.byte 0\n.popsection\n")

FILE_IN("style", "share/serve/style.css");
FILE_IN("live", "share/serve/live.js");
FILE_IN("icon", "share/serve/icon.svg");

extern const uint8_t page_file_style[], page_file_style_end[], page_file_live[], page_file_live_end[], page_file_icon[],
    page_file_icon_end[];

bool page_file_at(struct bytes path, struct page_file *ret) {
    if (bytes_is(path, "/style.css")) {
        *ret = (struct page_file){"text/css; charset=utf-8",
                                  {page_file_style, (size_t)(page_file_style_end - page_file_style)}};
        return true;
    }
    if (bytes_is(path, "/live.js")) {
        *ret = (struct page_file){"text/javascript; charset=utf-8",
                                  {page_file_live, (size_t)(page_file_live_end - page_file_live)}};
        return true;
    }
    if (bytes_is(path, "/icon.svg")) {
        *ret = (struct page_file){"image/svg+xml", {page_file_icon, (size_t)(page_file_icon_end - page_file_icon)}};
        return true;
    }
    return false;
}
