echo 'the name of this case survives the shell and the XML file: <&>"'
