"""The first root of the emulated machine: finds the disk, and brings what is not in the image.

On any trouble it says a line with ``TROUBLE`` and powers off, so that whoever waits is not kept.
"""

import gzip
from collections.abc import Iterable
from typing import Final

from parvis_firmware.emulation.cpio import Member, archive, folder, program
from parvis_firmware.emulation.kernel import Kernel

TROUBLE: Final = "EMULATION-TROUBLE"
INSTALLED: Final = "EMULATION-INSTALLED"

_BEGIN: Final = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /bin /dev /proc /sys /root /run
/bin/busybox --install -s /bin
export PATH=/bin
trouble() {{
    echo "{TROUBLE} $*"
    poweroff -f
    sleep 60
}}
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in $(cat /modules/order); do
    insmod "/modules/$module" || trouble "module $module"
done
for attempt in $(seq 100); do
    [ -b /dev/vda ] && break
    sleep 0.1
done
"""

INSTALLER: Final = (
    _BEGIN
    + f"""
mount -t ext4 /dev/vda /root || trouble "the disk cannot be mounted"
mount -o bind /dev /root/dev
mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t tmpfs tmp /root/run
mount -t tmpfs tmp /root/tmp
cat >/root/tmp/install <<'END'
set -e
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true LC_ALL=C HOME=/root
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
[ -e /etc/passwd ] || cp /usr/share/base-passwd/passwd.master /etc/passwd
[ -e /etc/group ] || cp /usr/share/base-passwd/group.master /etc/group
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates
[ -e /var/lib/dpkg/status ] || : >/var/lib/dpkg/status
quick="--force-unsafe-io --force-confold"
dpkg $quick --force-depends --install /debs/first/*.deb
dpkg $quick --force-depends --unpack /debs/further/*.deb
dpkg $quick --configure --pending
dpkg --audit
rm -rf /debs /usr/sbin/policy-rc.d /var/log/* /var/cache/ldconfig /var/cache/debconf/*-old
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/hostname
rm -f /var/lib/systemd/random-seed /etc/ssh/ssh_host_*
echo unit >/etc/hostname
echo '/dev/vda / ext4 defaults,noatime 0 1' >/etc/fstab
END
chroot /root /bin/sh /tmp/install || trouble "dpkg"
umount /root/tmp /root/run /root/sys /root/proc /root/dev
chroot /root /bin/tar -c -C / --one-file-system --exclude=./lost+found . >/dev/vdb ||
    trouble "tar"
sync
echo "{INSTALLED}"
poweroff -f
"""
)

BOOT: Final = (
    _BEGIN
    + """
mount -t ext4 -o ro,noatime /dev/vda /root || trouble "the disk cannot be mounted"
chroot /root /bin/sh -c '[ -x /sbin/init ]' || trouble "there is no system on the disk"
mount -t tmpfs -o mode=755,nosuid,nodev run /run
cp -a /given/. /run/
mount -o move /run /root/run
umount /sys /proc
mount -o move /dev /root/dev
exec switch_root /root /sbin/init
"""
)


def installer(busybox: bytes, kernel: Kernel) -> bytes:
    """What starts the machine that installs packages."""
    return _packed(busybox, kernel, INSTALLER, ())


def boot(busybox: bytes, kernel: Kernel, given: Iterable[Member]) -> bytes:
    """What starts the image; ``given`` comes below its ``/run``."""
    below = (Member(f"given/{one.path}", one.content, one.mode) for one in given)
    return _packed(busybox, kernel, BOOT, (folder("given"), *below))


def _packed(busybox: bytes, kernel: Kernel, init: str, further: Iterable[Member]) -> bytes:
    modules = kernel.first_modules()
    order = "".join(f"{path.name}\n" for path in modules)
    members = (
        program("init", init.encode()),
        program("bin/busybox", busybox),
        Member("modules/order", order.encode()),
        *(Member(f"modules/{path.name}", path.read_bytes()) for path in modules),
        *further,
    )
    return gzip.compress(archive(members), 1, mtime=0)
