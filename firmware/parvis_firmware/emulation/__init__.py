"""A Debian arm64 machine, built from this machine's own apt sources and run by QEMU.

Nothing is mounted and no foreign program runs on this machine: apt chooses and fetches the
packages, ``dpkg-deb`` unpacks them into a folder, ``mke2fs`` makes a file system of it, and the
*emulated* machine configures them (``base``). Over that root goes the overlay, by the same code as
on a card (``image``). What the tests add, a speech in the microphone and a shell on a serial port,
is given by the initramfs into ``/run`` (``initramfs``): the image itself is what a card would have.
"""
