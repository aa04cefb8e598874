/* The operating system refuses one call: preloaded into one program, which it does not leave.

   REFUSE_UNDER: folders, divided by colons; only calls about what is below them count.
   REFUSE_CALL: the number of the call that fails, from 1; 0: none does.
   REFUSE_ERRNO: with what.  REFUSE_LOG: a file that gets a line for each call that counts. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

static pid_t owner;
static int calls, wanted, with, logged = -1;
static const char *under;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
    const char *call = getenv("REFUSE_CALL"), *number = getenv("REFUSE_ERRNO");
    const char *file = getenv("REFUSE_LOG");
    owner = getpid();
    under = getenv("REFUSE_UNDER");
    wanted = call ? atoi(call) : 0;
    with = number ? atoi(number) : EIO;
    if (file)
        logged = REAL(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static int counts(const char *path)
{
    for (const char *from = under; from && *from;) {
        size_t length = strcspn(from, ":");
        if (!strncmp(path, from, length) && (path[length] == '/' || !path[length]))
            return 1;
        from += length + (from[length] == ':');
    }
    return 0;
}

static int refuses(const char *name, const char *path)
{
    char line[PATH_MAX + 64];
    int kept = errno, number;
    if (!under || getpid() != owner || path[0] != '/' || !counts(path))
        return 0;
    number = __sync_add_and_fetch(&calls, 1);
    if (logged >= 0) {
        int length = snprintf(line, sizeof line, "%d %s %s\n", number, name, path);
        if (REAL(write)(logged, line, length) < 0)
            abort();
    }
    errno = number == wanted ? with : kept;
    return number == wanted;
}

static int refuses_open(const char *name, int descriptor)
{
    char link[64], path[PATH_MAX];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    length = REAL(readlink)(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return refuses(name, path);
}

static int refuses_at(const char *name, int folder, const char *path)
{
    return folder == AT_FDCWD || path[0] == '/' ? refuses(name, path) : refuses_open(name, folder);
}

#define ON_PATH(type, name, parameters, arguments, path) \
    type name parameters { return refuses(#name, path) ? (type)-1 : REAL(name) arguments; }
#define ON_OPEN(type, name, parameters, arguments, descriptor) \
    type name parameters \
    { return refuses_open(#name, descriptor) ? (type)-1 : REAL(name) arguments; }

#define OPENING(name) \
    int name(const char *path, int flags, ...) \
    { \
        va_list rest; \
        mode_t mode; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
        return refuses(#name, path) ? -1 : REAL(name)(path, flags, mode); \
    }
#define OPENING_AT(name) \
    int name(int folder, const char *path, int flags, ...) \
    { \
        va_list rest; \
        mode_t mode; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
        return refuses_at(#name, folder, path) ? -1 : REAL(name)(folder, path, flags, mode); \
    }
OPENING(open)
OPENING(open64)
OPENING_AT(openat)
OPENING_AT(openat64)

ON_OPEN(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size), fd)
ON_OPEN(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size), fd)
ON_OPEN(ssize_t, pwrite64, (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at), fd)
ON_OPEN(ssize_t, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at), fd)
ON_OPEN(int, fsync, (int fd), (fd), fd)
ON_OPEN(int, ftruncate64, (int fd, off64_t size), (fd, size), fd)
ON_OPEN(int, flock, (int fd, int kind), (fd, kind), fd)
ON_OPEN(int, fchmod, (int fd, mode_t mode), (fd, mode), fd)
ON_OPEN(int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group), fd)
ON_OPEN(int, fstat64, (int fd, struct stat64 *to), (fd, to), fd)
ON_PATH(int, stat64, (const char *path, struct stat64 *to), (path, to), path)
ON_PATH(int, lstat64, (const char *path, struct stat64 *to), (path, to), path)
ON_PATH(int, statvfs64, (const char *path, struct statvfs64 *to), (path, to), path)
ON_PATH(int, statvfs, (const char *path, struct statvfs *to), (path, to), path)
ON_PATH(int, access, (const char *path, int mode), (path, mode), path)
ON_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), path)
ON_PATH(int, rmdir, (const char *path), (path), path)
ON_PATH(int, unlink, (const char *path), (path), path)
ON_PATH(int, chmod, (const char *path, mode_t mode), (path, mode), path)
ON_PATH(int, rename, (const char *from, const char *to), (from, to), to)
ON_PATH(int, link, (const char *from, const char *to), (from, to), to)
ON_PATH(int, symlink, (const char *text, const char *path), (text, path), path)
ON_PATH(ssize_t, readlink, (const char *path, char *to, size_t size), (path, to, size), path)

int fstatat64(int folder, const char *path, struct stat64 *to, int flags)
{
    return refuses_at("fstatat64", folder, path) ? -1 : REAL(fstatat64)(folder, path, to, flags);
}

int unlinkat(int folder, const char *path, int flags)
{
    return refuses_at("unlinkat", folder, path) ? -1 : REAL(unlinkat)(folder, path, flags);
}

DIR *opendir(const char *path)
{
    return refuses("opendir", path) ? NULL : REAL(opendir)(path);
}

DIR *fdopendir(int descriptor)
{
    return refuses_open("fdopendir", descriptor) ? NULL : REAL(fdopendir)(descriptor);
}
