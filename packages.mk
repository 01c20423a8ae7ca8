# The Debian packages that the project needs; `make deps` installs those that are missing.
PACKAGES_BUILD := gcc make pkg-config libc6-dev libyaml-dev libsqlite3-dev zlib1g-dev \
	libcurl4-openssl-dev libssl-dev libpng-dev libjansson-dev
PACKAGES_CHECK := libcmocka-dev sqlite3
