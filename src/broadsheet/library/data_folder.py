"""The data folder of a library: created, or required to hold one."""

from broadsheet.config import Settings
from broadsheet.errors import NoLibraryError, StoreError
from broadsheet.store.database import Access
from broadsheet.store.file_modes import restrict_folders


def prepare_folder(settings: Settings, access: Access) -> None:
    """Create the data folder, or require it and the library in it, as `access` says.

    Raises
    ------
    StoreError
        If the folder is a file or cannot be created; NoLibraryError if it has no library and
        `access` does not allow to create one.
    """
    folder, file = settings.data, settings.library_file
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{str(folder)!r} is a file: choose a folder with --data")
    if access is not Access.CREATE and file is not None and not file.exists():
        raise NoLibraryError(str(folder))
    if access is Access.INSPECT:
        return
    # A database elsewhere needs a folder too, for the index and the outbox.
    try:
        # It holds readers' addresses and the signing secret: readable by the operator only.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"the data folder {str(folder)!r} cannot be created ({error.strerror}): "
            "choose another with --data"
        ) from error
    restrict_folders(folder)
