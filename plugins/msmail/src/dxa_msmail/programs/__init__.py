"""What the programs of MS Mail do to a postoffice, as functions on its `Maildata`; `dxa_msmail.commands` prints."""
